// The demo as it stands, with what it logs written to the file that argv names.
import { recordRuns, recordTrainings } from './record-runs.ts';

recordRuns(process.argv[2] ?? '');
recordTrainings();
await import('../../../examples/train.ts');

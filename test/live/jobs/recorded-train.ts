// The demo as it stands, with what it logs written to the file that argv names.
import { recordRuns } from './record-runs.ts';

recordRuns(process.argv[2] ?? '');
await import('../../../examples/train.ts');

// What the tests of a job need: `import { testServices } from 'runspan/testing'`.
export type { Metric, DatasetInput, RunStatus } from './model/entities.ts';
export type { RecordedRun } from './testing/recorded-run.ts';
export { testServices } from './testing/test-services.ts';
export type { RecordedLine } from './testing/recorded-line.ts';
export type { RecordedAlert, TestServices, TestServicesOptions } from './testing/test-services.ts';

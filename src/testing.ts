// What the tests of a job need: `import { testServices } from 'runspan/testing'`.

/**
 * `import { testServices } from 'runspan/testing'`: services in memory for the tests of a job.
 *
 * @module testing
 */
export type { Metric, DatasetInput, RunStatus } from './model/entities.ts';
export type { EndedSpan } from './otel/sdk-types.ts';
export type { RecordedRun } from './testing/recorded-run.ts';
export { testServices } from './testing/test-services.ts';
export type { RecordedLine } from './testing/recorded-line.ts';
export type { RecordedAlert, TestServices, TestServicesOptions } from './testing/test-services.ts';

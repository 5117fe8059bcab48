// Services for the tests of a job: everything real but the disk, the network and the desktop.
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { MlflowOptions } from '../config/settings/mlflow-options.ts';
import { ensureProviders } from '../otel/setup/providers.ts';
import type { EndedSpan } from '../otel/sdk-types.ts';
import { RunspanError } from '../errors.ts';
import { standInForDefaults } from '../services/fluent/default-services.ts';
import { LoggerService } from '../services/logger/logger-service.ts';
import { MlflowService } from '../services/mlflow/mlflow-service.ts';
import { createMemoryOutbox } from './memory-outbox.ts';
import { MemoryDisk } from './memory-disk.ts';
import { readLine } from './recorded-line.ts';
import type { RecordedLine } from './recorded-line.ts';
import type { RecordedRun } from './recorded-run.ts';

/** How {@link testServices} makes its services. Where things go is never the environment's word; other settings are resolved as in the job. */
export interface TestServicesOptions {
  /** The experiment of the runs. @default 'test' */
  readonly experimentName?: string;
  /** Throw on values that would have been mended, so that a test shows them. @default false */
  readonly strict?: boolean;
  /** Whether runs log system metrics. @default false: what the machine says is in no expectation */
  readonly logSystemMetrics?: boolean;
}

/** An alert that was raised. */
export interface RecordedAlert {
  /** Such as `Run train failed`. */
  readonly title: string;
  /** The error, the experiment and the run. */
  readonly message: string;
}

/** Started services and what a job did with them. */
export interface TestServices {
  /** Started. */
  readonly mlflow: MlflowService;
  /** Started; its lines are kept, not written. */
  readonly logger: LoggerService;
  /** The runs that were opened, in order; each is up to date whenever it is looked at. */
  readonly runs: readonly RecordedRun[];
  /** What was raised, in order. */
  readonly alerts: readonly RecordedAlert[];
  /** What was logged, in order. */
  readonly lines: readonly RecordedLine[];
  /** The spans that have ended, in the order they did. */
  readonly spans: readonly EndedSpan[];
  /** Stops the services; idempotent. */
  stop(): Promise<void>;
  /** Stops the services. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts services for a test: in memory, no disk, no network, no exit hooks. `client()` works too: it asks a real store. Until they are
 * stopped the functions of the package (`runContext`, `log`, …) act on them as well.
 *
 * @throws {RunspanError} `INVALID_ARGUMENT` for an unknown option; `INVALID_SETTINGS`
 * @example
 * await using t = await testServices();
 * await t.mlflow.runContext('train', (run) => run.logMetric('loss', 0.25));
 * t.runs[0]?.metrics['loss']; // 0.25
 */
export async function testServices(options: TestServicesOptions = {}): Promise<TestServices> {
  requireKnown(options);
  const disk = new MemoryDisk(resolve('/', `runspan-memory-${randomBytes(8).toString('hex')}`));
  const outbox = createMemoryOutbox(disk);
  const alerts: RecordedAlert[] = [];
  const lines: RecordedLine[] = [];
  const spans: EndedSpan[] = [];
  // Before the services, which would export to an endpoint that the environment names.
  const providers = await ensureProviders();
  const unplug = providers.relay.add({ ...NO_PROCESSOR, onEnd: (span) => void spans.push(span) });
  const logger = new LoggerService(
    { serialize: true, level: 'TRACE', otel: 'off' },
    { write: (line) => void lines.push(readLine(line)) },
  );
  const mlflow = new MlflowService(
    {
      ...toMlflowOptions(options, disk.root),
      logger,
      alerts: { notify: (title, message) => void alerts.push({ title, message }) },
    },
    { openOutbox: outbox.open, openArtifacts: outbox.openArtifacts },
  );
  await logger.start();
  await mlflow.start();
  const standDown = standInForDefaults({ logger, mlflow });
  const stop = async (): Promise<void> => {
    standDown();
    await mlflow.stop();
    await logger.stop();
    unplug();
  };
  return { mlflow, logger, runs: outbox.runs, alerts, lines, spans, stop, [Symbol.asyncDispose]: stop };
}

const OPTIONS: readonly string[] = [
  'experimentName',
  'strict',
  'logSystemMetrics',
] satisfies (keyof TestServicesOptions)[];

function requireKnown(options: object): void {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown === undefined) return;
  throw new RunspanError(
    'INVALID_ARGUMENT',
    `testServices has no option '${unknown}'. Use ${OPTIONS.join(', ')}; everything else is a setting of the job.`,
  );
}

const NO_PROCESSOR = {
  onStart: (): void => undefined,
  forceFlush: (): Promise<void> => Promise.resolve(),
  shutdown: (): Promise<void> => Promise.resolve(),
};

function toMlflowOptions(options: TestServicesOptions, root: string): MlflowOptions {
  const { experimentName = 'test', strict = false, logSystemMetrics = false } = options;
  return {
    experimentName,
    strict,
    logSystemMetrics,
    trackingUri: `sqlite:///${root}/mlflow.db`,
    artifactRoot: `${root}/artifacts`,
    directory: `${root}/journal`,
    isDisabled: false,
    exitHooks: false,
  };
}

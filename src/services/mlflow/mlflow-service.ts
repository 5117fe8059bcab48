// MlflowService: opens runs, each an MLflow run and a span at once, and keeps their way to the store.
import type { LoadedTfjsModel, TfjsLoader } from '../../autolog/load-tfjs.ts';
import { setEnvDefaults } from '../../config/env.ts';
import { resolveMlflowSettings, withExperiment } from '../../config/settings/mlflow-settings.ts';
import type { MlflowOptions, MlflowSettings } from '../../config/settings/mlflow-settings.ts';
import { RunspanError } from '../../errors.ts';
import type { Experiment } from '../../model/entities.ts';
import { createRedactor, type Redactor } from '../../model/redact.ts';
import { AlertSpanProcessor } from '../../otel/alert-span-processor.ts';
import { settlesWithin } from '../../otel/deadline.ts';
import { addOpenRun } from '../../otel/run/run-context.ts';
import type { FlushResult, Outbox, OutboxOptions } from '../../outbox/contract.ts';
import { openOutbox } from '../../outbox/job/outbox.ts';
import type { ActiveRun } from '../../runs/open/active-run.ts';
import type { MlflowClient } from '../../runs/client/mlflow-client.ts';
import type { JoinedRun } from '../../runs/open/joined-run.ts';
import { joinRun, openRun, type RunSurroundings } from '../../runs/open/open-run.ts';
import { requireBody, type RunConfig } from '../../runs/open/run-config.ts';
import type { Run } from '../../runs/run.ts';
import { joinAutolog } from './autolog-host.ts';
import { tellChildren } from './children.ts';
import { Deliveries } from './deliveries.ts';
import { isRemote, openDestination } from './destination.ts';
import { chooseExperiment, type ExperimentChoice } from './choose-experiment.ts';
import { letSignalsIn, refreshExits } from '../lifecycle/exits.ts';
import { loadModel } from './load-model.ts';
import { makeClient } from './make-client.ts';
import { placeRun } from './place-run.ts';
import { observeOutbox } from './outbox-metrics.ts';
import type { RunBook, MlflowStats } from './run-book.ts';
import { joinRunExits } from './run-exits.ts';
import { rememberRun, rememberService } from './run-registry.ts';
import { openBook, sourceTagsOf, surround } from './run-surroundings.ts';
import { alertByLog, sayEnded, sayStarted, sayWhatIsLeft } from './run-lines.ts';
import type { MlflowDependencies, MlflowLinks, OpenOptions } from './mlflow-links.ts';
import { Service, type StopOptions } from '../lifecycle/service.ts';
import { openTelemetry, type Telemetry } from '../logger/telemetry.ts';

/** What stands while the service is started. */
interface Started {
  readonly outbox: Outbox;
  readonly telemetry: Telemetry;
  readonly book: RunBook;
  readonly surroundings: RunSurroundings;
  readonly deliveries: Deliveries;
  /** Undone in reverse at stop. */
  readonly undo: readonly (() => void)[];
}

const NOT_STARTED = 'MlflowService is not started: call start() or startServices() first.';

/**
 * Tracks runs in MLflow: `runContext` opens an MLflow run and an OpenTelemetry span together and ends both with the truth.
 * Every write goes through a journal on disk, so a server that is away or a job that is killed loses nothing that was accepted.
 *
 * @example
 * const mlflow = new MlflowService({ experimentName: 'churn' });
 * await mlflow.start();
 * const loss = await mlflow.runContext('train', (run) => {
 *   run.logMetric('loss', 0.25, { step: 1 });
 *   return run.metrics.loss;
 * });
 * await mlflow.stop();
 */
export class MlflowService extends Service {
  #settings: MlflowSettings;
  readonly #redactor: Redactor;
  readonly #now: () => number;
  readonly #uriOfCode: string | undefined;
  readonly #openOutbox: (options: OutboxOptions) => Outbox;
  readonly #openArtifacts: MlflowDependencies['openArtifacts'];
  #links: MlflowLinks;
  #started: Started | undefined;
  /** The runs of other processes. */
  readonly #joined = new WeakSet<ActiveRun>();

  constructor(options: MlflowOptions & MlflowLinks = {}, dependencies: MlflowDependencies = {}) {
    super();
    const { alerts, logger, mirror, ...settings } = options;
    this.#settings = resolveMlflowSettings(settings);
    this.#uriOfCode = settings.trackingUri && this.trackingUri;
    this.#links = { alerts, logger, mirror };
    this.#redactor = createRedactor({ add: this.settings.redactAdd, remove: this.settings.redactRemove });
    this.#now = dependencies.now ?? Date.now;
    this.#openOutbox = dependencies.openOutbox ?? openOutbox;
    this.#openArtifacts = dependencies.openArtifacts;
  }

  /** Every setting with its resolved value; see docs/settings.md. */
  get settings(): MlflowSettings {
    return this.#settings;
  }

  /** Where runs go, without credentials. */
  get trackingUri(): string {
    return this.settings.trackingUri;
  }

  /** Links the service before it starts; what was given to the constructor wins. */
  link(links: MlflowLinks): void {
    const { alerts, logger, mirror } = this.#links;
    this.#links = { alerts: alerts ?? links.alerts, logger: logger ?? links.logger, mirror: mirror ?? links.mirror };
  }

  /**
   * Opens a run, calls `body` inside it and ends it: FINISHED where the body returns, FAILED where it throws (the same error is
   * thrown on; an SDK of the job's own is given 2 s before that to export the run). Spans, log lines and child runs made inside belong to the run.
   *
   * @param config the run's name, or a {@link RunConfig}
   * @returns what the body returns
   * @throws {RunspanError} `INVALID_ARGUMENT` for a bad config; `RUN_ALREADY_ACTIVE` inside a run without `nested`; `SERVICE_NOT_STARTED`
   * @example
   * await mlflow.runContext({ name: 'train', tags: { stage: 'dev' } }, async (run) => {
   *   run.span.setAttribute('optimizer', 'adam');
   *   run.logMetric('loss', 0.5);
   * });
   */
  async runContext<T>(config: string | RunConfig, body: (run: Run) => T | PromiseLike<T>): Promise<T> {
    requireBody(body);
    const run = await this.#open(config, { isFallback: false });
    let result: T;
    try {
      result = await run.runBody(body);
    } catch (error) {
      await run.endAs({ kind: 'threw', error });
      await this.#started?.telemetry.exportFailure();
      throw error;
    }
    await letSignalsIn();
    await run.endAs({ kind: 'returned' });
    return result;
  }

  /**
   * Opens a run that the caller ends, by `run.end()` or `await using`. While it is the only one open, code outside any other
   * context belongs to it; `run.with` and `run.bind` say so explicitly.
   *
   * @example
   * await using run = await mlflow.startRun('serve');
   * run.log.info('ready');
   */
  async startRun(config: string | RunConfig): Promise<Run> {
    return this.#open(config, { isFallback: true });
  }

  /**
   * Opens the run that stands for the whole process: code outside any run belongs to it, and runs opened inside are its children.
   *
   * @param join a run that another process has open: what is logged here goes there, and this process never ends it
   * @example
   * const run = await mlflow.startProcessRun('nightly');
   */
  startProcessRun(config: string | RunConfig, join?: JoinedRun): Promise<Run> {
    return this.#open(config, { isFallback: true, isAmbient: true, join });
  }

  /**
   * Gives direct access to the store, behind what is already accepted; a new object each call.
   *
   * @throws {RunspanError} `SERVICE_NOT_STARTED`
   */
  client(): MlflowClient {
    const { outbox, surroundings } = this.#require();
    const { sourceTags, activeModelId } = surroundings;
    const given = { outbox, sourceTags, activeModelId, now: this.#now, openArtifacts: this.#openArtifacts };
    return makeClient(this.settings, given);
  }

  /**
   * Files the runs that are opened from now on under another experiment, which is made where its name is not there.
   *
   * @throws {RunspanError} `SERVICE_NOT_STARTED`
   * @throws {MlflowError} `RESOURCE_DOES_NOT_EXIST` for an id that nothing has; `INVALID_PARAMETER_VALUE` for one in the bin
   * @example
   * const { experimentId } = await mlflow.setExperiment('churn');
   */
  async setExperiment(choice: ExperimentChoice): Promise<Experiment> {
    const experiment = await chooseExperiment(this.client(), choice);
    const { surroundings, ...started } = this.#require();
    this.#settings = withExperiment(this.#settings, experiment.name);
    this.#started = { ...started, surroundings: { ...surroundings, experimentName: experiment.name } };
    return experiment;
  }

  /**
   * Loads a model of TensorFlow.js that was logged, bit for bit as it was trained.
   *
   * @param uri `models:/m-…`, `models:/name/1`, `models:/name@alias`, `runs:/<id>/name`, or the folder of a model's files
   * @throws {RunspanError} `NOT_SUPPORTED` for another flavor; `MLFLOW_ERROR` where it is not there
   * @example
   * import * as tf from '@tensorflow/tfjs';
   * const { model, mlmodel } = await mlflow.loadTfjsModel(`models:/${modelId}`, tf);
   */
  loadTfjsModel<M>(uri: string, tf: TfjsLoader<M>): Promise<LoadedTfjsModel<M>> {
    return loadModel(uri, tf, { settings: this.settings, resolve: (named) => this.client().resolveModelUri(named) });
  }

  /** Waits until everything accepted so far is delivered, spans and logs too; tells what really happened, never rejects. */
  async flush(options: { readonly timeoutMs?: number } = {}): Promise<FlushResult> {
    const { timeoutMs = this.settings.flushTimeoutMs } = options;
    const { outbox, telemetry } = this.#require();
    const [result] = await Promise.all([outbox.flush({ timeoutMs }), telemetry.flush({ timeoutMs })]);
    return result;
  }

  /** Counts what became of every write, and what was refused or mended on the way to one. */
  stats(): MlflowStats {
    const { outbox, book } = this.#require();
    return book.addTo(outbox.stats());
  }

  protected override async onStart(): Promise<void> {
    const { settings } = this;
    setEnvDefaults(settings.processEnv);
    const { exitHooks, directory, isDisabled } = settings;
    const telemetry = await openTelemetry({ logger: this.#links.logger, directory, exitHooks, isDisabled });
    const { log } = telemetry;
    const sink = isDisabled ? { notify: () => undefined } : (this.#links.alerts ?? alertByLog(log));
    const alertProcessor = new AlertSpanProcessor(sink);
    const book = openBook(log, this.trackingUri);
    const undo: (() => void)[] = [];
    const sourceTags = sourceTagsOf(settings, this.#redactor);
    try {
      const outbox = await openDestination({ settings, book, sink, open: this.#openOutbox });
      const surroundings: RunSurroundings = {
        ...surround(settings, { mirror: this.#links.mirror, redactor: this.#redactor, now: this.#now }),
        outbox,
        complaints: book,
        alertProcessor,
        logger: log,
        sourceTags: await sourceTags,
        onEnded: (run) => this.#onEnded(run),
      };
      const deliveries = new Deliveries({ ...settings, outbox, log, onOver: refreshExits });
      this.#started = { outbox, telemetry, book, surroundings, deliveries, undo };
      undo.push(observeOutbox({ stats: () => book.addTo(outbox.stats()) }, this.trackingUri));
    } catch (error) {
      for (const each of undo.toReversed()) each();
      await telemetry.stop({ timeoutMs: settings.stopTimeoutMs });
      throw error;
    }
    undo.push(rememberService(this));
    undo.push(joinAutolog(settings, { ...this.#started, runContext: (config, body) => this.runContext(config, body) }));
    if (!exitHooks || isDisabled) return;
    const { exitTimeoutMs } = settings;
    undo.push(joinRunExits({ ...this.#started, exitTimeoutMs }));
  }

  protected override async onStop({ timeoutMs }: StopOptions): Promise<void> {
    const started = this.#started;
    if (started === undefined) return;
    const { outbox, book, telemetry, deliveries, undo } = started;
    deliveries.close();
    const endMs = performance.now() + (timeoutMs ?? this.settings.stopTimeoutMs);
    await settlesWithin(book.endAll({ kind: 'returned' }), endMs - performance.now());
    // Those that still wait for a large file to be copied end without it.
    book.endAllNow({ kind: 'returned' });
    this.#started = undefined;
    const left = { timeoutMs: Math.max(0, endMs - performance.now()) };
    await Promise.all([outbox.stop(left), telemetry.flush(left)]);
    book.abandonUnconfirmed();
    sayWhatIsLeft(started.surroundings.logger, outbox, deliveries);
    for (const each of undo.toReversed()) each();
    await telemetry.stop({ timeoutMs: Math.max(0, endMs - performance.now()) });
  }

  async #open(config: string | RunConfig, { isAmbient = false, ...how }: OpenOptions): Promise<ActiveRun> {
    const { book, surroundings } = this.#require();
    const { config: placed, parentRun } = placeRun(config, { isAmbient });
    const run = how.join ? joinRun(surroundings, placed.name, how.join) : openRun(surroundings, placed, parentRun);
    const close = [addOpenRun({ ...run.started, isFallback: how.isFallback, isAmbient }), rememberRun(run)];
    if (isAmbient) close.push(tellChildren(run));
    book.add(run, () => close.forEach((each) => each()));
    refreshExits();
    if (this.settings.isDisabled) {
      // No store will ever say it, and a body that waits for its id must run as any other.
      run.creation.resolve(run.key);
      return run;
    }
    // Late or refused: the body runs all the same, and created() says which. Nobody waits for the run of a whole process.
    if (isRemote(this.trackingUri) && !isAmbient)
      await book.awaitAnswer(run, this.settings.isOffline ? 0 : this.settings.startTimeoutMs);
    if (how.join) this.#joined.add(run);
    else if (!this.settings.suppressRunLines) sayStarted(run, this.trackingUri);
    return run;
  }

  #onEnded(run: ActiveRun): void {
    const started = this.#started;
    started?.book.remove(run);
    const isSaid = !this.settings.isDisabled && !this.settings.suppressRunLines && !this.#joined.has(run);
    if (isSaid) sayEnded(run, this.#now(), this.#uriOfCode);
    started?.deliveries.follow(run);
  }

  #require(): Started {
    if (this.#started === undefined) throw new RunspanError('SERVICE_NOT_STARTED', NOT_STARTED);
    return this.#started;
  }
}

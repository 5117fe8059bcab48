// A direct call on the store from the job's side: run keys among its arguments become the store's run ids.
import { RunspanError } from '../../errors.ts';
import type { Store } from '../../stores/contract.ts';
import type { StoreMethod } from '../contract.ts';

/** Every method that may be called; a name from a message is never looked up on the object itself. */
const METHODS: Readonly<Record<StoreMethod, true>> = {
  createExperiment: true,
  getExperiment: true,
  getExperimentByName: true,
  searchExperiments: true,
  renameExperiment: true,
  deleteExperiment: true,
  restoreExperiment: true,
  setExperimentTag: true,
  deleteExperimentTag: true,
  createRun: true,
  getRun: true,
  updateRun: true,
  deleteRun: true,
  restoreRun: true,
  searchRuns: true,
  logBatch: true,
  deleteTag: true,
  logInputs: true,
  logOutputs: true,
  getMetricHistory: true,
  createLoggedModel: true,
  getLoggedModel: true,
  findLoggedModels: true,
  finalizeLoggedModel: true,
  deleteLoggedModel: true,
  request: true,
};

/** The fields that hold run ids. */
const RUN_ID_FIELDS = ['runId', 'sourceRunId'] as const;

/** The methods whose first argument is a run id; in the others a run id is the field `runId`. */
const RUN_ID_FIRST: ReadonlySet<StoreMethod> = new Set([
  'getRun',
  'deleteRun',
  'restoreRun',
  'deleteTag',
  'logInputs',
  'logOutputs',
]);

/**
 * Calls a method of the store.
 *
 * @param runIdOf the store's id of a run key; undefined where the text is no key of ours
 * @throws {RunspanError} `NOT_SUPPORTED` for any other name; else as the store does
 */
export async function callStore(
  store: Store,
  call: { readonly method: StoreMethod; readonly args: readonly unknown[] },
  runIdOf: (runKey: string) => string | undefined,
): Promise<unknown> {
  const { method } = call;
  if (!Object.hasOwn(METHODS, method)) throw new RunspanError('NOT_SUPPORTED', `The store has no method '${method}'.`);
  const args = call.args.map((arg, index) => {
    if (index === 0 && RUN_ID_FIRST.has(method) && typeof arg === 'string') return runIdOf(arg) ?? arg;
    // createRun's runId is the id that a new run shall have.
    return method === 'createRun' ? arg : withRunId(arg, runIdOf);
  });
  // The cast: the name is one of the table above, and its arguments were typed where call() was called.
  const callable = store as unknown as Record<StoreMethod, (...args: unknown[]) => Promise<unknown>>;
  return callable[method](...args);
}

function withRunId(arg: unknown, runIdOf: (runKey: string) => string | undefined): unknown {
  if (typeof arg !== 'object' || arg === null) return arg;
  const given = new Map<string, unknown>(Object.entries(arg));
  const found = RUN_ID_FIELDS.flatMap((field) => {
    const value = given.get(field);
    const runId = typeof value === 'string' ? runIdOf(value) : undefined;
    return runId === undefined ? [] : [[field, runId] as const];
  });
  return found.length === 0 ? arg : { ...arg, ...Object.fromEntries(found) };
}

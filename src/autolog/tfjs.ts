// TensorFlow.js: fit and fitDataset of its models, patched so that each training logs itself.
import { AsyncLocalStorage } from 'node:async_hooks';
import { RunspanError } from '../errors.ts';
import { randomRunName } from '../stores/rules/run-names.ts';
import { findHost } from './host.ts';
import type { AutologFlags, FoundHost } from './host.ts';
import { FitSession, complain } from './tfjs-session.ts';
import type { FitCall, ModelLike, TfjsModule } from './tfjs-types.ts';
import { tfjsVersion } from './tfjs-types.ts';

/** How one patched method is to behave; the last call of autolog says. */
interface Patch {
  readonly original: Method;
  tf: TfjsModule;
  options: Partial<AutologFlags>;
  startHost: () => Promise<unknown>;
}

type Method = (this: unknown, ...input: unknown[]) => Promise<unknown>;
/** Any function that was put on a prototype, by us or by another copy of this package. */
type Patched = Method & { [PATCH]?: Patch };

/** How the library is patched. */
export interface PatchOptions {
  readonly options: Partial<AutologFlags>;
  /** Starts services from env where none is started when a model is trained. */
  readonly startHost: () => Promise<unknown>;
}

/** Marks our function on a prototype, for every copy of this package. */
const PATCH = Symbol.for('runspan.autolog.patch');

const METHODS = ['fit', 'fitDataset'] as const;

/** The versions that this was tested with. */
const SUPPORTED = /^4\./;

/** Set inside a fit: Sequential's calls the inner model's, which is the same training. */
const insideFit = new AsyncLocalStorage<true>();

/**
 * Patches the four methods that train, or takes the patch off again.
 *
 * @throws {RunspanError} `INVALID_ARGUMENT` where the module is none of TensorFlow.js
 */
export function patchTfjs(tf: TfjsModule, patch: PatchOptions): void {
  for (const prototype of prototypesOf(tf)) {
    for (const method of METHODS) {
      if (patch.options.disable === true) restore(prototype, method);
      else put(tf, { prototype, method, ...patch });
    }
  }
}

type Prototype = Record<(typeof METHODS)[number], Patched>;

function prototypesOf(tf: TfjsModule): readonly Prototype[] {
  // What is handed in may be anything: a module of another library, or one that was not awaited.
  const given = tf as Partial<TfjsModule> | undefined;
  const prototypes = [given?.Sequential?.prototype, given?.LayersModel?.prototype] as (
    Partial<Prototype> | undefined
  )[];
  const isWhole = prototypes.every((prototype) => METHODS.every((method) => typeof prototype?.[method] === 'function'));
  if (isWhole && typeof given?.CustomCallback === 'function') return prototypes as Prototype[];
  throw new RunspanError(
    'INVALID_ARGUMENT',
    "autolog() takes the module of TensorFlow.js: import * as tf from '@tensorflow/tfjs' (or '@tensorflow/tfjs-layers'), then autolog(tf).",
  );
}

function put(
  tf: TfjsModule,
  { prototype, method, options, startHost }: PatchOptions & { prototype: Prototype; method: (typeof METHODS)[number] },
): void {
  const current = prototype[method];
  const known = current[PATCH];
  if (known !== undefined) {
    Object.assign(known, { tf, options, startHost });
    return;
  }
  const patch: Patch = { original: current, tf, options, startHost };
  const patched: Patched = function (this: unknown, ...input) {
    return train(patch, { method, model: this, input });
  };
  patched[PATCH] = patch;
  for (const name of ['name', 'length'] as const)
    Object.defineProperty(patched, name, { value: current[name], configurable: true });
  Object.defineProperty(prototype, method, { value: patched, writable: true, configurable: true });
}

/** Takes our function off; where somebody patched over it, it stays and logs nothing. */
function restore(prototype: Prototype, method: (typeof METHODS)[number]): void {
  const known = prototype[method][PATCH];
  if (known !== undefined)
    Object.defineProperty(prototype, method, { value: known.original, writable: true, configurable: true });
}

/** One call as it came in. */
interface Call {
  readonly method: (typeof METHODS)[number];
  readonly model: unknown;
  readonly input: readonly unknown[];
}

/** Trains, and logs it where it shall be logged; what comes back, or is thrown, is the library's own. */
async function train(patch: Patch, call: Call): Promise<unknown> {
  const plain = (): Promise<unknown> => patch.original.apply(call.model, [...call.input]);
  if (insideFit.getStore() === true) return plain();
  const found = await chooseHost(patch);
  if (found === undefined) return insideFit.run(true, plain);
  const { host, flags, run } = found;
  if (run !== undefined) return trainIn(patch, { ...found, run }, call);
  // A run of its own: what the training came to is kept beside it, so that no fault of the run can take its place.
  let outcome: { readonly value: unknown } | { readonly error: unknown } | undefined;
  try {
    await host.runContext({ name: randomRunName(), tags: { 'mlflow.autologging': 'tfjs' } }, async () => {
      const opened = findHost()?.run;
      if (opened === undefined) throw new Error('the run that was opened is not active');
      try {
        outcome = { value: await trainIn(patch, { host, flags, run: opened }, call) };
      } catch (error) {
        outcome = { error };
        throw error;
      }
    });
  } catch (error) {
    if (outcome === undefined || 'value' in outcome)
      complain(host, { what: 'a training in a run of its own', error, isSilent: flags.silent });
  }
  if (outcome === undefined) return insideFit.run(true, plain);
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

/** Whom to log to; undefined where nothing is to be logged. Never rejects. */
async function chooseHost(patch: Patch): Promise<(FoundHost & { readonly flags: AutologFlags }) | undefined> {
  try {
    if (findHost() === undefined) await patch.startHost();
    const found = findHost();
    if (found === undefined) return undefined;
    const flags: AutologFlags = { ...found.host.flags, ...patch.options };
    if (flags.disable || (flags.exclusive && found.run !== undefined)) return undefined;
    const version = tfjsVersion(patch.tf);
    if (version === undefined || !SUPPORTED.test(version)) {
      if (flags.disableForUnsupportedVersions) return undefined;
      const error = new Error(`it was tested with 4.x, and this is ${version ?? 'of an unknown version'}`);
      complain(found.host, { what: 'TensorFlow.js safely', error, isSilent: flags.silent });
    }
    return { ...found, flags };
  } catch {
    // Services that do not start have said so themselves, and the training goes on without them.
    return undefined;
  }
}

/** Trains inside a run that is open. */
async function trainIn(
  patch: Patch,
  {
    host,
    flags,
    run,
  }: Required<FoundHost> & { readonly flags: AutologFlags; readonly run: NonNullable<FoundHost['run']> },
  { method, model, input }: Call,
): Promise<unknown> {
  const given = input[method === 'fit' ? 2 : 1];
  // The casts: what the library hands us as its own model and options; every access to them is guarded.
  const args = (typeof given === 'object' && given !== null ? given : {}) as FitCall['args'];
  const session = new FitSession({
    call: { tf: patch.tf, method, model: model as ModelLike, input, args },
    flags,
    host,
    run,
  });
  await session.begin();
  const watched = watchedInput({ session, patch, host, flags, method, input });
  let hasFailed = true;
  try {
    const history = await insideFit.run(true, () => patch.original.apply(model, [...watched]));
    hasFailed = false;
    return history;
  } finally {
    await session.end(hasFailed);
  }
}

/** The call's own arguments, with our callback behind the user's. Where that cannot be, as they came. */
function watchedInput(what: {
  readonly session: FitSession;
  readonly patch: Patch;
  readonly host: FoundHost['host'];
  readonly flags: AutologFlags;
  readonly method: Call['method'];
  readonly input: readonly unknown[];
}): readonly unknown[] {
  const { session, patch, host, flags, method, input } = what;
  const at = method === 'fit' ? 2 : 1;
  const given = input[at];
  // Without options fitDataset throws, and has to go on doing so.
  if (method === 'fitDataset' && (typeof given !== 'object' || given === null)) return input;
  try {
    const args = given === undefined || given === null ? {} : given;
    if (typeof args !== 'object') return input;
    const callbacks = withOurs(patch.tf, args, session);
    const watched = [...input];
    while (watched.length < at) watched.push(undefined);
    watched[at] = overlay(args, callbacks);
    return watched;
  } catch (error) {
    complain(host, { what: 'the metrics of each epoch', error, isSilent: flags.silent });
    return input;
  }
}

/** The user's callbacks as the library itself would make them, and ours behind them. */
function withOurs({ CustomCallback }: TfjsModule, args: object, session: FitSession): readonly unknown[] {
  const { callbacks, yieldEvery } = args as { readonly callbacks?: unknown; readonly yieldEvery?: never };
  const onEpochEnd = (epoch: number, logs?: Readonly<Record<string, unknown>>): void => session.logEpoch(epoch, logs);
  const Base: unknown = Object.getPrototypeOf(CustomCallback);
  const isInstance = (value: unknown): boolean => typeof Base === 'function' && value instanceof Base;
  // 'never': the others already yield to the event loop, or the user wants none to.
  const ours = new CustomCallback({ onEpochEnd }, 'never' as never);
  // Alone, ours yields as the library's own would.
  if (callbacks === undefined || callbacks === null) return [new CustomCallback({ onEpochEnd }, yieldEvery)];
  const list: readonly unknown[] = Array.isArray(callbacks) ? callbacks : [callbacks];
  if (isInstance(list[0])) return [...list, ours];
  return [...list.map((config) => new CustomCallback(config as object, yieldEvery)), ours];
}

/** The user's options, read through: getters keep their object, and nothing of it is changed. */
function overlay(args: object, callbacks: readonly unknown[]): object {
  return new Proxy(
    {},
    {
      get: (_, key) => (key === 'callbacks' ? callbacks : (Reflect.get(args, key) as unknown)),
      has: (_, key) => key === 'callbacks' || Reflect.has(args, key),
      set: (_, key, value) => Reflect.set(args, key, value),
    },
  );
}

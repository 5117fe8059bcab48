// `diagnose: true`: the local variables of the frames that an error was thrown in, by Node's own debugger, from within the thread.
import type { Debugger, Runtime } from 'node:inspector';
import type { Redactor } from '../../model/redact.ts';
import { REDACTED } from '../../model/redact.ts';
import { isForeignScript } from './source.ts';
import { isError } from '../../model/any-realm.ts';

/** One frame of the user's with what stood in it. */
export interface FrameVariables {
  /** Empty for the top level of a module and for what has no name. */
  readonly functionName: string;
  /** As V8 names the script: a file URL for files. */
  readonly url: string;
  /** Each as `name = value`, cut and redacted. */
  readonly variables: readonly string[];
}

/** What {@link watchThrows} stands on. */
export interface WatchOptions {
  readonly redactor: Pick<Redactor, 'isSensitive' | 'redactText'>;
  /** Says, once, why there will be no variables. */
  readonly say: (message: string) => void;
}

const MAX_FRAMES = 5;
/** How far down the stack the user's frames are looked for. */
const MAX_DEPTH = 20;
const MAX_VARIABLES = 20;
const MAX_TEXT = 100;
/** Of a longer text only the beginning is looked at; what is shown of it ends long before. */
const MAX_READ = 10_000;
/** Each throw costs its thread up to a millisecond; what throws more often than this has variables for the first ones only. */
const MAX_PER_SECOND = 50;
const ONE_SECOND_MS = 1_000;

/** A module's own variables are not its frame's: they are many, and hold what was imported. */
const SCOPES: ReadonlySet<string> = new Set(['local', 'block', 'catch']);
const KEEP = Symbol.for('runspan.keep-thrown');

const kept = new WeakMap<object, readonly FrameVariables[]>();

/** Gives the variables that were kept of an error, the failing frame first; empty where there are none. */
export function variablesOf(error: object): readonly FrameVariables[] {
  return kept.get(error) ?? [];
}

/**
 * Keeps the variables of each error that is thrown in this thread from now on, until the returned function is called. Where a
 * debugger listens, it steps back: two cannot pause one thread. Never throws.
 */
export function watchThrows(options: WatchOptions): () => void {
  try {
    const watch = new ThrowWatch(options);
    watch.start();
    return () => watch.stop();
  } catch (error) {
    options.say(`diagnose: no variables in stack traces, ${isError(error) ? error.message : String(error)}`);
    return () => undefined;
  }
}

type Paused = Debugger.PausedEventDataType;

class ThrowWatch {
  readonly #options: WatchOptions;
  // Loaded here, since nearly no job asks for it; a Node that is built without it throws.
  readonly #inspector = process.getBuiltinModule('node:inspector');
  readonly #session = new this.#inspector.Session();
  readonly #urls = new Map<string, string>();
  #isStopped = false;
  #secondMs = 0;
  #count = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stepBack()) return;
    this.#session.connect();
    // A frame names its script by id only.
    this.#session.on('Debugger.scriptParsed', ({ params }) => this.#urls.set(params.scriptId, params.url));
    this.#session.on('Debugger.paused', ({ params }) => this.#onPaused(params));
    this.#post('Debugger.enable');
    // Caught ones too: they are what is logged.
    this.#post('Debugger.setPauseOnExceptions', { state: 'all' });
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#session.disconnect();
  }

  #stepBack(): boolean {
    if (this.#inspector.url() === undefined) return false;
    this.#options.say('diagnose: a debugger listens, so stack traces have no variables');
    this.stop();
    return true;
  }

  #onPaused({ callFrames, data }: Paused): void {
    const { objectId, subtype } = (data ?? {}) as Runtime.RemoteObject;
    if (this.#isStopped || objectId === undefined || subtype !== 'error' || !this.#isAllowed() || this.#stepBack())
      return;
    try {
      const error = this.#resolve(objectId);
      if (error === undefined || kept.has(error)) return;
      const frames = callFrames.slice(0, MAX_DEPTH).filter((frame) => !isForeignScript(this.#urlOf(frame)));
      if (frames.length > 0)
        kept.set(
          error,
          frames.slice(0, MAX_FRAMES).map((frame) => this.#readFrame(frame)),
        );
    } catch {
      // The line is written without variables; nothing may reach the code that throws.
    }
  }

  #isAllowed(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#secondMs > ONE_SECOND_MS) {
      this.#secondMs = nowMs;
      this.#count = 0;
    }
    return this.#count++ < MAX_PER_SECOND;
  }

  /** The debugger speaks of objects by ids; a call on one of them gives it to us. */
  #resolve(objectId: string): object | undefined {
    let error: object | undefined;
    Reflect.set(globalThis, KEEP, (thrown: object) => (error = thrown));
    try {
      this.#post('Runtime.callFunctionOn', {
        objectId,
        functionDeclaration: "function () { globalThis[Symbol.for('runspan.keep-thrown')](this); }",
        silent: true,
      });
    } finally {
      Reflect.deleteProperty(globalThis, KEEP);
    }
    return error;
  }

  #urlOf({ location }: Debugger.CallFrame): string {
    return this.#urls.get(location.scriptId) ?? '';
  }

  #readFrame(frame: Debugger.CallFrame): FrameVariables {
    const { functionName, scopeChain } = frame;
    const variables = new Map<string, string>();
    for (const { type, object } of scopeChain) {
      if (!SCOPES.has(type) || object.objectId === undefined) continue;
      for (const { name, value } of this.#readProperties(object.objectId)) {
        if (variables.size >= MAX_VARIABLES || value === undefined || variables.has(name)) continue;
        variables.set(name, `${name} = ${this.#show(name, value)}`);
      }
    }
    return { functionName, url: this.#urlOf(frame), variables: [...variables.values()] };
  }

  #readProperties(objectId: string): readonly Runtime.PropertyDescriptor[] {
    const found = this.#post('Runtime.getProperties', { objectId, ownProperties: true, generatePreview: true });
    return (found as Runtime.GetPropertiesReturnType | undefined)?.result ?? [];
  }

  /** Redacted before it is cut: half a secret is not recognised. */
  #show(name: string, value: Runtime.RemoteObject): string {
    const { redactor } = this.#options;
    if (redactor.isSensitive(name)) return REDACTED;
    if (value.type !== 'string') return cut(redactor.redactText(toText(value, redactor.isSensitive)));
    return JSON.stringify(cut(redactor.redactText(String(value.value).slice(0, MAX_READ))));
  }

  /** Answers come back before the call does: the session is of this thread. */
  #post(method: string, params: object = {}): unknown {
    let answer: unknown;
    this.#session.post(method, params, (_error, result) => (answer = result));
    return answer;
  }
}

function toText(value: Runtime.RemoteObject, isSensitive: (name: string) => boolean): string {
  if (value.preview === undefined || value.subtype === 'error') {
    const text = value.unserializableValue ?? value.description ?? String(value.value);
    return value.type === 'function' ? '[function]' : (text.split('\n')[0] ?? '');
  }
  const { properties, overflow, subtype } = value.preview;
  const isArray = subtype === 'array' || subtype === 'typedarray';
  const parts = properties.map((property) => {
    const text = isSensitive(property.name) ? REDACTED : toPreview(property);
    return isArray ? text : `${property.name}: ${text}`;
  });
  const inner = [...parts, ...(overflow ? ['…'] : [])].join(', ');
  const className =
    value.className === undefined || /^(?:Object|Array)$/.test(value.className) ? '' : `${value.className} `;
  return className + (isArray ? `[${inner}]` : `{${inner}}`);
}

function toPreview({ type, value = '' }: Runtime.PropertyPreview): string {
  if (type === 'function') return '[function]';
  if (type !== 'string') return value || type;
  // V8 has cut it in the middle: what is left of a secret would not be recognised.
  return value.includes('…') ? '[long text]' : JSON.stringify(value);
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

// A run as plain data: what a store must hold after any sequence of calls, computed by the README's rules and by nothing of src.
import { createHash } from 'node:crypto';

/** One call into a run. */
export type Call =
  | {
      readonly kind: 'metric';
      readonly key: string;
      readonly value: unknown;
      readonly step?: number;
      readonly timeMs: number;
    }
  | { readonly kind: 'param'; readonly key: string; readonly value: unknown }
  | { readonly kind: 'params'; readonly values: Readonly<Record<string, unknown>> }
  | { readonly kind: 'tag'; readonly key: string; readonly value: unknown }
  | { readonly kind: 'attribute'; readonly key: string; readonly value: string | number | boolean | readonly string[] }
  | { readonly kind: 'text'; readonly file: string; readonly text: string }
  | { readonly kind: 'fail'; readonly reason: string }
  | { readonly kind: 'end'; readonly status?: 'FINISHED' | 'FAILED' | 'KILLED' };

/** One point; `timeMs` is undefined where the clock gave it. */
export interface Point {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  readonly timeMs: number | undefined;
}

const MAX_STEP = 2 ** 53 - 1;
const MAX_DOUBLE = Number.MAX_VALUE;
const SEMANTIC = /^(?:service|host|process|http|url|server|db|code|error|gen_ai|k8s)(?:\.|$)/;
const SECRET = /password|api_key/;

/** MLflow's rule for keys; where one breaks it, its mended form and a tag that keeps the original. */
function mendKey(original: string): string {
  const replaced = Array.from(original)
    .map((letter) => (/^[\p{L}\p{N}_/.\- :]$/u.test(letter) ? letter : '_'))
    .join('');
  const path: string[] = [];
  for (const part of replaced.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && path.length > 0 && path.at(-1) !== '..') path.pop();
    else if (part !== '..' || !replaced.startsWith('/')) path.push(part);
  }
  const climbs = path.findIndex((part) => part !== '..');
  const normal = path.map((part, index) => (climbs === -1 || index < climbs ? '__' : part)).join('/');
  const key = normal.startsWith('..') ? `__${normal.slice(2)}` : normal || '_';
  if (Array.from(key).length <= 250) return key;
  const hash = createHash('sha256').update(original).digest('hex').slice(0, 8);
  return `${Array.from(key).slice(0, 241).join('')}-${hash}`;
}

function textOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return '';
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value as string | number | boolean | bigint);
}

function flatten(values: Readonly<Record<string, unknown>>, prefix = ''): readonly (readonly [string, unknown])[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isGroup || Object.keys(value).length === 0) return [[prefix + key, value] as const];
    return flatten(value as Record<string, unknown>, `${prefix}${key}.`);
  });
}

/** What one run must have become. */
export class RunModel {
  readonly params: Map<string, string> = new Map();
  readonly tags: Map<string, string> = new Map();
  readonly points: Map<string, Point> = new Map();
  readonly artifacts: Map<string, string> = new Map();
  readonly #attributes = new Map<string, unknown>();
  readonly #sent = new Map<string, string>();
  readonly #wholes = new Map<string, string>();
  /** Every value of the params that were given more than one. */
  readonly #given = new Map<string, string[]>();
  status: 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED' = 'RUNNING';
  refused: { invalid: number; artifact: number } = { invalid: 0, artifact: 0 };
  /** What was said first of a failure. */
  #reason: string | undefined;

  /** Takes one call. */
  take(call: Call): void {
    switch (call.kind) {
      case 'metric':
        return this.#metric(call.key, call.value, { step: call.step, timeMs: call.timeMs });
      case 'param':
        return this.#param(call.key, call.value);
      case 'params':
        return flatten(call.values).forEach(([key, value]) => this.#param(key, value));
      case 'tag':
        return this.#tag(call.key, call.value);
      case 'attribute':
        return this.#attribute(call.key, call.value);
      case 'text':
        return this.#text(call.file, call.text);
      case 'fail':
        if (this.status === 'RUNNING') this.#reason ??= call.reason;
        return;
      case 'end':
        return this.#end(call.status);
    }
  }

  /** The latest value of each metric: by step, then time, then value; NaN counts as 0. */
  latest(): Readonly<Record<string, number>> {
    const byKey = new Map<string, Point>();
    for (const point of this.points.values()) {
      const known = byKey.get(point.key);
      if (known === undefined || isLater(point, known)) byKey.set(point.key, point);
    }
    return Object.fromEntries([...byKey].map(([key, { value }]) => [key, value]));
  }

  #metric(key: string, value: unknown, at: { step: number | undefined; timeMs: number | undefined }): void {
    if (typeof value !== 'number') {
      this.refused.invalid++;
      return;
    }
    const sent = this.#key(key);
    const stored = Number.isNaN(value) ? value : Math.min(MAX_DOUBLE, Math.max(-MAX_DOUBLE, value)) + 0;
    const given = at.step ?? 0;
    const step = Number.isNaN(given) ? 0 : Math.min(MAX_STEP, Math.max(-MAX_STEP, Math.trunc(given))) + 0;
    const point = { key: sent, value: stored, step, timeMs: at.timeMs };
    this.points.set(JSON.stringify([sent, String(stored), step, at.timeMs]), point);
  }

  #param(key: string, value: unknown): void {
    const text = this.#value(key, value, 6000);
    if (text === undefined) return;
    const known = this.params.get(text.key);
    if (known === undefined) this.params.set(text.key, text.value);
    else this.#changeParam(text, known);
  }

  /** The last value is a tag, all of them are another: each cut at 1000, the oldest but the first gone where they are too many. */
  #changeParam({ key, value }: { key: string; value: string }, first: string): void {
    const given = this.#given.get(key) ?? [first];
    this.#given.set(key, given);
    if (given.at(-1) === value) return;
    given.push(value);
    this.tags.set(mendKey(`param.${key}`), value);
    const entries = given.map((each) =>
      Array.from(each).length > 1000 ? `${Array.from(each).slice(0, 999).join('')}…` : each,
    );
    let shown = JSON.stringify(entries);
    for (let gone = 1; Array.from(shown).length > 8000; gone++)
      shown = JSON.stringify([entries[0], '…', ...entries.slice(1 + gone)]);
    this.tags.set(mendKey(`param.${key}.history`), shown);
  }

  #tag(key: string, value: unknown): void {
    const text = this.#value(key, value, 8000);
    if (text !== undefined) this.tags.set(text.key, text.value);
  }

  #value(key: string, value: unknown, limit: number): { key: string; value: string } | undefined {
    const text = textOf(value);
    if (text === undefined) return undefined;
    const isMasked = SECRET.test(key) && text !== '' && typeof value !== 'boolean';
    const shown = isMasked ? '[REDACTED]' : text;
    const sent = this.#key(key);
    if (shown.length <= limit) return { key: sent, value: shown };
    const what = limit === 6000 ? 'param' : 'tag';
    const owner = this.#wholes.get(sent) ?? what;
    this.#wholes.set(sent, owner);
    this.artifacts.set(`runspan/values/${fileOf(sent)}${owner === what ? '' : `.${what}`}.txt`, shown);
    return { key: sent, value: `${shown.slice(0, limit - 1)}…` };
  }

  /** The first original of a mended key has it; another one gets the hash of its own behind it, for the life of the run. */
  #key(key: string): string {
    const known = this.#sent.get(key);
    if (known !== undefined) return known;
    const mended = mendKey(key);
    const isTaken = [...this.#sent.values()].includes(mended);
    const hash = createHash('sha256').update(key).digest('hex').slice(0, 8);
    const sent = isTaken ? `${mended.slice(0, 241)}-${hash}` : mended;
    this.#sent.set(key, sent);
    if (sent !== key) this.tags.set(mendKey(`runspan.key.${sent}`), key);
    return sent;
  }

  /** Refused when it is set; what counts at the end is the last value. */
  #attribute(key: string, value: unknown): void {
    if (this.status !== 'RUNNING') {
      this.refused.invalid++;
      return;
    }
    if (key.startsWith('metric.') && typeof value !== 'number') this.refused.invalid++;
    else this.#key(key.replace(/^(?:param|tag|metric)\./, ''));
    this.#attributes.set(key, value);
  }

  #text(file: string, text: string): void {
    const isInside = file !== '' && !file.startsWith('/') && !file.split('/').includes('..');
    if (isInside) this.artifacts.set(file, text);
    else this.refused.artifact++;
  }

  #end(status: 'FINISHED' | 'FAILED' | 'KILLED' | undefined): void {
    if (this.status !== 'RUNNING') return;
    this.status = status ?? (this.#reason === undefined ? 'FINISHED' : 'FAILED');
    this.#mirror();
    if (this.status === 'FINISHED') return;
    const reason = this.#reason ?? `The run was ended as ${this.status}.`;
    if (reason !== '') this.#tag('runspan.end_reason', reason);
  }

  /** Of the attributes: what says where it goes, goes there; OpenTelemetry's own are tags; the rest are params. */
  #mirror(): void {
    const plain = [...this.#attributes].filter(([key]) => !/^(?:param|tag|metric)\../.test(key));
    const named = [...this.#attributes].filter(([key]) => /^(?:param|tag|metric)\../.test(key));
    const [params, tags] = [new Map<string, unknown>(), new Map<string, unknown>()];
    for (const [key, value] of plain) (SEMANTIC.test(key) ? tags : params).set(key, value);
    for (const [key, value] of named) {
      const name = key.slice(key.indexOf('.') + 1);
      if (key.startsWith('param.')) params.set(name, value);
      else if (key.startsWith('tag.')) tags.set(name, value);
      else if (typeof value === 'number') this.#metric(name, value, { step: undefined, timeMs: undefined });
    }
    for (const [key, value] of params) this.#param(key, value);
    for (const [key, value] of tags) this.#tag(key, value);
  }
}

function isLater(one: Point, other: Point): boolean {
  const [a, b] = [one, other].map((point) => [point.step, point.timeMs ?? Infinity, point.value || 0]);
  for (let index = 0; index < 3; index++) {
    const [left, right] = [a?.[index] ?? 0, b?.[index] ?? 0];
    if (left !== right) return left > right;
  }
  return false;
}

/** The path of a key: each part of it is a name that a file system takes. */
function fileOf(key: string): string {
  const toName = (part: string): string => {
    if (Buffer.byteLength(part) <= 200) return part;
    const hash = createHash('sha256').update(part).digest('hex').slice(0, 8);
    return `${Array.from(part).slice(0, 45).join('')}-${hash}`;
  };
  return key.split('/').map(toName).join('/');
}

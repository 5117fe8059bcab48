// What is compared of two outcomes, and what differs on purpose.
import { isDeepStrictEqual } from 'node:util';
import type { Canonical } from './canonical.ts';
import { isAbout, type Json, namesIn, type Operation, type Outcome, refsIn } from './operation.ts';

/** One way to do the script. */
export interface Side {
  readonly uri: string;
  readonly canonical: Canonical;
  readonly outcomes: readonly Outcome[];
}

/** What came of comparing two sides. */
export interface Comparison {
  /** Of each method whether it did something on our side, where it was called. */
  readonly works: ReadonlyMap<string, boolean>;
  /** Operations whose outcomes differ, and are not meant to. */
  readonly differing: readonly { readonly at: number; readonly said: string }[];
  /** How many operations failed on both sides, of how many that were compared. */
  readonly mishapCount: number;
  readonly comparedCount: number;
}

/** What one operation came to on two sides, and the same in words that both share. */
export interface Pair {
  readonly method: string;
  readonly our: Outcome;
  readonly their: Outcome;
  readonly left: Json;
  readonly right: Json;
}

/** A difference that is meant, with its reason; they are listed in docs/client-methods.md. */
export interface OnPurpose {
  readonly what: string;
  readonly why: string;
  /** Absent where the script keeps away from it. */
  readonly isSo?: (pair: Pair) => boolean;
}

/** All of them. */
export const ON_PURPOSE: readonly OnPurpose[] = [
  {
    what: 'A 500 or 503 rejects with the status and the code that the server gave, such as `INVALID_STATE`; Python says 500 `INTERNAL_ERROR`',
    why: 'Python sends the request again and again, and then says that it did; the server’s own code says more',
    isSo: ({ our, their }) =>
      our.kind === 'error' && their.kind === 'error' && our.status >= 500 && /too many 50\d error/.test(their.message),
  },
  {
    what: '`renameRegisteredModel` answers the model under its new name; Python answers None',
    why: 'the server says it, and who renames goes on with it',
    isSo: ({ method, our, their }) =>
      method === 'renameRegisteredModel' && our.kind === 'result' && their.kind === 'result',
  },
  {
    what: 'Without a server `searchRuns` names the models that a run worked on and made',
    why: 'MLflow’s server leaves them out of searches; `getRun` has them everywhere',
    isSo: ({ method, left, right }) => method === 'searchRuns' && withoutModels(left) === withoutModels(right),
  },
  {
    what: '`logOutputs` of a model that the run is known to have made changes nothing; Python is refused with 400',
    why: 'what was sent once can be sent again, as after an answer that got lost',
    isSo: ({ method, our, their }) =>
      method === 'logOutputs' && our.kind === 'result' && their.kind === 'error' && /UNIQUE/.test(their.message),
  },
  {
    what: 'A path that leads out of a run’s folder, or to its root, is refused with `INVALID_PATH`; Python asks the server, and says what came of it',
    why: 'nothing is touched before a path is known to be one',
    isSo: ({ our, their }) => our.kind === 'error' && their.kind === 'error' && our.code === 'INVALID_PATH',
  },
  {
    what: 'A trace made by hand is there when its last span has ended; of Python’s there are those spans that have ended',
    why: 'one request a trace, and nobody sees half of one',
    isSo: ({ method, left, right }) => method === 'searchTraces' && isWithoutOpen(left, right),
  },
  {
    what: '`loadTable` finds tables whose names are not ASCII; Python says 404',
    why: 'Python looks for the name in a tag where it wrote it otherwise',
  },
  {
    what: '`downloadModel` writes the model’s files alone; Python adds one of its own, `registered_model_meta`',
    why: 'what is downloaded is what was uploaded',
  },
  {
    what: '`registerModel` notes a version of a logged model once in its tag `mlflow.modelVersions`; Python notes it twice, with a number and with a text',
    why: 'MLflow’s server notes it already',
  },
  {
    what: 'A logged model whose files are not all there is `UPLOAD_FAILED`, as in MLflow’s API; Python says `FAILED`, which is taken too',
    why: 'one word for what the server keeps',
  },
  {
    what: '`createMcpServerVersion` asks no MCP server for its tools; Python does with `mlflow[mcp]`',
    why: 'a write asks nobody else, and `refreshMcpServerVersionTools` does when it is called',
  },
  {
    what: 'There is no option `synchronous`: every call waits for the store',
    why: '`run.logMetric()` and the like are what waits for nothing, and loses nothing',
  },
  {
    what: 'The keys of tags are checked at `createRun` too, and a bad one is refused with `INVALID_PARAMETER_VALUE`',
    why: 'MLflow checks them everywhere but there; such a tag can be neither set again nor searched for',
  },
];

function withoutModels(value: Json): string {
  const isModel = (key: string): boolean => key === 'modelInputs' || key === 'modelOutputs';
  return JSON.stringify(value, (key, each: unknown) => (isModel(key) ? undefined : each));
}

/**
 * Whether two searches for traces found the same but for those that Python has sent in part. Those take room of Python's page: what is left
 * of it is then the beginning of ours, and who has more pages is not compared.
 */
function isWithoutOpen(left: Json, right: Json): boolean {
  const [ours, theirs] = [tracesIn(left), tracesIn(right)];
  if (ours === undefined || theirs === undefined) return false;
  const ended = theirs.traces.filter(({ info }) => info.state !== 'IN_PROGRESS');
  if (ended.length === theirs.traces.length) return false;
  return isDeepStrictEqual(theirs.isPage ? ours.traces.slice(0, ended.length) : ours.traces, ended);
}

/** What a search answers: a list of all, or a page with its items; undefined where it failed. */
function tracesIn(
  answer: Json,
): { readonly isPage: boolean; readonly traces: readonly { readonly info: { readonly state: string } }[] } | undefined {
  const { searchTraces: found } = answer as { readonly searchTraces?: Json }; // see comparable()
  if (typeof found !== 'object' || found === null) return undefined;
  const isPage = !Array.isArray(found);
  const items = isPage ? ((found as { readonly items?: Json }).items ?? []) : found;
  return { isPage, traces: items as never }; // what the method answers
}

/** What is compared of an outcome: not what an error says, which is each client's own. */
export function comparable(canonical: Canonical, method: string, outcome: Outcome): Json {
  if (outcome.kind === 'error') return { code: outcome.code, status: outcome.status };
  return canonical.of({ [method]: outcome.value });
}

/** Whether it is one of the differences that are meant. */
export function isOnPurpose(pair: Pair): boolean {
  return ON_PURPOSE.some(({ isSo }) => isSo?.(pair));
}

/** Compares one operation after the other; what our side has no way to do is left out, with all that builds on it. */
export function compare(script: readonly Operation[], our: Side, their: Side): Comparison {
  const works = new Map<string, boolean>();
  const unmade = new Set<string>();
  const differing: { readonly at: number; readonly said: string }[] = [];
  let [mishapCount, comparedCount] = [0, 0];
  for (const [at, operation] of script.entries()) {
    const { method } = operation;
    const [mine, other] = [our.outcomes[at], their.outcomes[at]];
    if (mine === undefined || other === undefined) throw new Error(`Operation ${at} was not done.`);
    const isUnsupported = mine.kind === 'error' && mine.code === 'NOT_SUPPORTED';
    if (isUnsupported && !works.has(method)) works.set(method, false);
    if (isUnsupported || isAbout(operation, unmade)) {
      for (const [name] of namesIn(operation)) unmade.add(name);
      // a logged model that was changed there alone is another one from then on
      for (const ref of refsIn(operation)) if (ref.startsWith('logged model')) unmade.add(ref);
      continue;
    }
    comparedCount++;
    if (mine.kind === 'error' && other.kind === 'error') mishapCount++;
    const [left, right] = [comparable(our.canonical, method, mine), comparable(their.canonical, method, other)];
    if (!isDeepStrictEqual(left, right) && !isOnPurpose({ method, our: mine, their: other, left, right })) {
      const said = `${JSON.stringify(operation)}\nours: ${JSON.stringify(mine)}\nPython's: ${JSON.stringify(other)}`;
      differing.push({ at, said });
    }
    if (mine.kind === 'result') works.set(method, true);
  }
  return { works, differing, mishapCount, comparedCount };
}

// What is compared of two outcomes, and what differs on purpose.
import type { Canonical } from './canonical.ts';
import type { Json, Outcome } from './operation.ts';

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
    what: 'A logged model whose files are not all there is `UPLOAD_FAILED`, as in MLflow’s API; Python says `FAILED`, which is taken too',
    why: 'one word for what the server keeps',
  },
  {
    what: '`createMcpServerVersion` asks no MCP server for its tools, and `refreshMcpServerVersionTools` is `NOT_SUPPORTED`',
    why: 'this client does not speak to MCP servers; Python does with `mlflow[mcp]`',
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

/** What is compared of an outcome: not what an error says, which is each client's own. */
export function comparable(canonical: Canonical, outcome: Outcome | undefined): Json {
  if (outcome === undefined) return null;
  if (outcome.kind === 'error') return { code: outcome.code, status: outcome.status };
  return canonical.of({ value: outcome.value });
}

/** Whether it is one of the differences that are meant. */
export function isOnPurpose(pair: Pair): boolean {
  return ON_PURPOSE.some(({ isSo }) => isSo?.(pair));
}

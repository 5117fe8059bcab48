// Runs a script by this package's client, one operation after the other.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { MlflowError, RunspanError } from '../../../src/errors.ts';
import type { MlflowClient } from '../../../src/runs/client/mlflow-client.ts';
import { PagedList } from '../../../src/runs/client/paged-list.ts';
import { describeFiles } from './files.ts';
import { type Json, namesIn, type Operation, type Outcome, partAt, resolve } from './operation.ts';

/** What a script may name that it did not make, and where downloads go. */
export interface Places {
  /** The folder of all of them. */
  readonly root: string;
  /** Files and folders of this machine, by reference. */
  readonly made: Readonly<Record<string, string>>;
  readonly downloads: string;
}

/** Beyond this many, integers are texts that end in `n`. */
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** What each operation came to. */
export async function runOurs(
  client: MlflowClient,
  script: readonly Operation[],
  places: Places,
): Promise<readonly Outcome[]> {
  const made = new Map<string, Json>(Object.entries(places.made));
  const outcomes: Outcome[] = [];
  for (const operation of script) {
    const outcome = await runOne(client, { operation, made, downloads: places.downloads });
    outcomes.push(outcome);
    // no server makes two experiments in one millisecond, and searches are ordered by it
    const endedAtMs = Date.now();
    while (/^(create|merge|register|log)/.test(operation.method) && Date.now() === endedAtMs);
    if (outcome.kind === 'error') continue;
    for (const [name, at] of namesIn(operation)) {
      const id = partAt(outcome.value, at);
      if (id !== undefined) made.set(name, id);
    }
  }
  return outcomes;
}

interface Task {
  readonly operation: Operation;
  readonly made: ReadonlyMap<string, Json>;
  readonly downloads: string;
}

async function runOne(client: MlflowClient, { operation, made, downloads }: Task): Promise<Outcome> {
  const { method, args, options, take } = operation;
  // The cast: a script's names are the client's, and one that is not is an outcome too.
  const call = (client as unknown as Record<string, ((...given: readonly unknown[]) => unknown) | undefined>)[method];
  if (call === undefined) return { kind: 'error', code: 'NO_SUCH_METHOD', status: 0, message: method };
  try {
    const dstPath = take === 'files' ? mkdtempSync(join(downloads, 'ours-')) : undefined;
    const own = dstPath === undefined ? options : { ...options, dstPath };
    const plainArgs = [...args, ...(own === undefined ? [] : [own])].map((each) => bigints(resolve(each, made)));
    const given = await adapt(client, method, plainArgs);
    const answer = await taken(call.call(client, ...given), take);
    return { kind: 'result', value: dstPath === undefined ? plain(answer) : describeFiles(dstPath) };
  } catch (error) {
    return outcomeOf(error);
  }
}

/** What our methods want that JSON has not. */
async function adapt(client: MlflowClient, method: string, given: readonly unknown[]): Promise<readonly unknown[]> {
  if (method === 'logStream') {
    const [runId, text, file] = given;
    return [runId, Buffer.from(String(text)), file];
  }
  if (method !== 'linkPromptVersionsToTrace') return given;
  const [uris, traceId] = given as [readonly string[], string]; // as the script has it
  return [await Promise.all(uris.map((uri) => client.loadPrompt(uri))), traceId];
}

/** Large integers as bigints. */
function bigints(value: Json): unknown {
  if (typeof value === 'string') return /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
  if (Array.isArray(value)) return (value as readonly Json[]).map(bigints);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, bigints(each as Json)]));
}

/** A search is read as the script says; anything else is what it is. */
async function taken(answer: unknown, take: Operation['take']): Promise<unknown> {
  if (answer instanceof PagedList) {
    if (take === 'all') return answer.all();
    const { items, nextPageToken } = await answer.firstPage();
    return { items, hasMore: nextPageToken !== undefined };
  }
  const value = await answer;
  if (take === 'nothing') return null;
  if (take !== 'span') return value;
  const { traceId, spanId, parentId, name } = value as Readonly<Record<string, unknown>>; // a LiveSpan
  return { traceId, spanId, parentId, name };
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof MlflowError) {
    return { kind: 'error', code: error.errorCode, status: error.status, message: error.message };
  }
  const code = error instanceof RunspanError ? error.code : error instanceof Error ? error.name : 'unknown';
  return { kind: 'error', code, status: 0, message: String(error) };
}

/** JSON has no undefined, NaN, infinities or bigints. */
function plain(value: unknown): Json {
  if (value === undefined) return null;
  return JSON.parse(
    JSON.stringify(value, (_, each: unknown) => {
      if (typeof each === 'bigint') return each > MAX_SAFE || each < -MAX_SAFE ? `${each}n` : Number(each);
      return typeof each === 'number' && !Number.isFinite(each) ? String(each) : each;
    }),
  ) as Json;
}

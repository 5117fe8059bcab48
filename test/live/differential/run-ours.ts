// Runs a script by this package's client, one operation after the other.
import { MlflowError, RunspanError } from '../../../src/errors.ts';
import type { MlflowClient } from '../../../src/runs/client/mlflow-client.ts';
import { PagedList } from '../../../src/runs/client/paged-list.ts';
import { type Json, type Operation, type Outcome, partAt, resolve } from './operation.ts';

/** What each operation came to. */
export async function runOurs(client: MlflowClient, script: readonly Operation[]): Promise<readonly Outcome[]> {
  const made = new Map<string, Json>();
  const outcomes: Outcome[] = [];
  for (const operation of script) {
    const outcome = await runOne(client, operation, made);
    outcomes.push(outcome);
    // no server makes two experiments in one millisecond, and searches are ordered by it
    const endedAtMs = Date.now();
    while (operation.method.startsWith('create') && Date.now() === endedAtMs);
    if (operation.as === undefined || outcome.kind === 'error') continue;
    const id = partAt(outcome.value, operation.at);
    if (id !== undefined) made.set(operation.as, id);
  }
  return outcomes;
}

async function runOne(
  client: MlflowClient,
  { method, args, options, take }: Operation,
  made: ReadonlyMap<string, Json>,
): Promise<Outcome> {
  // The cast: a script's names are the client's, and one that is not is an outcome too.
  const call = (client as unknown as Record<string, ((...given: unknown[]) => unknown) | undefined>)[method];
  if (call === undefined) return { kind: 'error', code: 'NO_SUCH_METHOD', status: 0, message: method };
  try {
    const given = [...args, ...(options === undefined ? [] : [options])].map((each) => resolve(each, made));
    return { kind: 'result', value: plain(await taken(call.apply(client, given), take)) };
  } catch (error) {
    return outcomeOf(error);
  }
}

/** A search is read as the script says; anything else is what it is. */
async function taken(answer: unknown, take: Operation['take']): Promise<unknown> {
  if (!(answer instanceof PagedList)) return await answer;
  if (take === 'all') return await answer.all();
  const { items, nextPageToken } = await answer.firstPage();
  return { items, hasMore: nextPageToken !== undefined };
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof MlflowError) {
    return { kind: 'error', code: error.errorCode, status: error.status, message: error.message };
  }
  const code = error instanceof RunspanError ? error.code : error instanceof Error ? error.name : 'unknown';
  return { kind: 'error', code, status: 0, message: String(error) };
}

/** JSON has no undefined, NaN or infinities. */
function plain(value: unknown): Json {
  if (value === undefined) return null;
  return JSON.parse(
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'number' && !Number.isFinite(each) ? String(each) : each,
    ),
  ) as Json;
}

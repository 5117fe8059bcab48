// What the store claims share: names nobody else uses, runs to write into, and how a refusal is looked at.
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { MlflowError } from '../../errors.ts';
import type { RunEntity, Tag } from '../../model/entities.ts';
import type { CreateRunRequest, Store } from '../../stores/contract.ts';

/** A moment in milliseconds, so that no claim depends on the clock. */
export const NOON_MS = 1_700_000_000_000;

/** Makes a name that nothing else in the store has. */
export function uniqueName(prefix = 'contract'): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

/** Makes an experiment of its own and returns its id. */
export function makeExperiment(store: Store, tags: readonly Tag[] = []): Promise<string> {
  return store.createExperiment({ name: uniqueName(), tags });
}

/** Makes a run, in an experiment of its own where none is given. */
export async function makeRun(store: Store, request: Partial<CreateRunRequest> = {}): Promise<RunEntity> {
  const experimentId = request.experimentId ?? (await makeExperiment(store));
  return store.createRun({ startTimeMs: NOON_MS, tags: [], ...request, experimentId });
}

/** Expects a refusal with MLflow's code and status, and returns it. */
export async function expectRefusal(call: Promise<unknown>, errorCode: string, status: number): Promise<MlflowError> {
  const outcome = await call.then(
    () => 'nothing was refused',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(MlflowError);
  const error = outcome as MlflowError; // asserted above
  expect({ errorCode: error.errorCode, status: error.status, message: error.message }).toMatchObject({
    errorCode,
    status,
  });
  return error;
}

// Ties a backend to a test file or a describe block: started before its tests or while they are collected, stopped after them.
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type Backend, type BackendName, type BackendOptions, startBackend } from './backends.ts';

/** Installing one from nothing takes up to six minutes on two cores. */
const START_TIMEOUT_MS = 900_000;

/**
 * Brings a backend up for the tests of this file or describe block. Where it cannot be brought up, the tests fail if
 * `CI` is set; else they are skipped, loudly.
 *
 * @param options a function is called when the backend starts, so that it can name what was required before it
 * @returns the backend; it may be used inside tests and hooks, not while tests are collected
 * @example
 * const mlflow = requireBackend('mlflow');
 * test('answers', async () => expect(await fetch(mlflow.env.MLFLOW_TRACKING_URI)).toHaveProperty('ok', true));
 */
export function requireBackend<Name extends BackendName>(
  name: Name,
  options: BackendOptions | (() => BackendOptions) = {},
): Backend<Name> {
  let backend: Backend<Name> | undefined;
  let reason = 'it was not started yet';

  beforeAll(async () => {
    try {
      backend = await startBackend(name, typeof options === 'function' ? options() : options);
    } catch (error) {
      reason = sayWhy(name, error);
    }
  }, START_TIMEOUT_MS);
  beforeEach((context) => context.skip(backend === undefined, `backend '${name}' cannot be brought up: ${reason}`));
  afterAll(async () => backend?.stop());

  const use = (): Backend<Name> => {
    if (backend === undefined) throw new Error(`Backend '${name}' cannot be used: ${reason}.`);
    return backend;
  };
  return {
    get env() {
      return use().env;
    },
    get runFolder() {
      return use().runFolder;
    },
    down: () => use().down(),
    up: () => use().up(),
    stop: () => use().stop(),
  };
}

/**
 * As `requireBackend`, for a file whose tests are made of what the backend says: started while they are collected.
 *
 * @returns undefined where the tests are to be skipped
 * @example
 * const backend = await startForCollection('mlflow');
 * describe.skipIf(backend === undefined)('with MLflow', () => {});
 */
export async function startForCollection<Name extends BackendName>(
  name: Name,
  options: BackendOptions = {},
): Promise<Backend<Name> | undefined> {
  try {
    const backend = await startBackend(name, options);
    afterAll(() => backend.stop());
    return backend;
  } catch (error) {
    sayWhy(name, error);
    return undefined;
  }
}

function sayWhy(name: BackendName, error: unknown): string {
  if (process.env['CI']) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  console.error(`\n*** SKIPPED: backend '${name}' cannot be brought up: ${reason}\n`);
  return reason;
}

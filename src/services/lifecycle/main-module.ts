// Whether the main module has been evaluated to its end: what Node itself says with exit code 13, and only once nobody can wait any more.
import { subscribe } from 'node:diagnostics_channel';
import { createRequire, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { shareInProcess } from '../../model/process-wide.ts';

/** Node's exit code where a top-level await of the main module never settles. */
export const UNSETTLED_AWAIT_CODE = 13;

/** Code on the command line and on stdin is imported from here, a file from nowhere. */
const FROM_COMMAND_LINE = '<eval>';

const LOADED_LONG_AGO: string = 'node:module';

/** A preload calls it: from now on Node is heard to import the main module, which is the first thing that nobody else asks for. */
export function watchMainModule(): void {
  const watch = state();
  let main: unknown;
  subscribe('tracing:module.import:start', (message) => {
    // The shape of Node's own channel.
    const { parentURL } = message as { readonly parentURL?: unknown };
    if (main !== undefined || (parentURL !== undefined && parentURL !== FROM_COMMAND_LINE)) return;
    main = message;
    watch.isMainUnsettled = true;
  });
  // Said of an import that fails, too.
  subscribe('tracing:module.import:asyncEnd', (message) => {
    if (message === main) watch.isMainUnsettled = false;
  });
}

/**
 * Whether an await of the main module has not settled. For the end of a process, when nothing is left to do: what has not settled then
 * never will. False where it cannot be known.
 */
export async function isMainUnsettled(): Promise<boolean> {
  const watched = state().isMainUnsettled;
  if (watched !== undefined) return watched;
  // A CommonJS module has no await to wait in.
  const [, script] = process.argv;
  if (script === undefined || !isMainThread || process.mainModule !== undefined) return false;
  try {
    return await isUnsettled(pathToFileURL(createRequire(import.meta.url).resolve(script)).href);
  } catch {
    return false; // Nothing of that name, or a sandbox that imports nothing.
  }
}

/** An import of a module that has been begun settles when that module does. One that has not been begun is not: it must not run twice. */
async function isUnsettled(url: string): Promise<boolean> {
  let hasSettled = false;
  const settle = (): void => void (hasSettled = true);
  const hooks = registerHooks({
    resolve: (specifier, context, next) => (specifier === url ? { url, shortCircuit: true } : next(specifier, context)),
    load: (loaded, context, next) =>
      loaded === url ? { format: 'module', source: '', shortCircuit: true } : next(loaded, context),
  });
  try {
    import(url).then(settle, settle);
    // As long as the way of an import is, whoever else has hooks on it.
    await import(LOADED_LONG_AGO);
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    hooks.deregister();
  }
  return !hasSettled;
}

function state(): { isMainUnsettled: boolean | undefined } {
  return shareInProcess('main-module', () => ({ isMainUnsettled: undefined }));
}

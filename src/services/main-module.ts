// Whether the main module has been evaluated to its end: what Node itself says with exit code 13, and only once nobody can wait any more.
import { subscribe } from 'node:diagnostics_channel';
import { shareInProcess } from '../model/process-wide.ts';

/** Node's exit code where a top-level await of the main module never settles. */
export const UNSETTLED_AWAIT_CODE = 13;

/** Code on the command line and on stdin is imported from here, a file from nowhere. */
const FROM_COMMAND_LINE = '<eval>';

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

/** Whether the main module was begun and not ended; false where nobody watched it from the start. */
export function isMainUnsettled(): boolean {
  return state().isMainUnsettled;
}

function state(): { isMainUnsettled: boolean } {
  return shareInProcess('main-module', () => ({ isMainUnsettled: false }));
}

// The context manager we register where there is none: where no context is active, the one open run is.
import { ROOT_CONTEXT } from '@opentelemetry/api';
import type { Context, ContextManager } from '@opentelemetry/api';
import { explicitRoot, fallbackContext } from './run-context.ts';

/**
 * Makes a context manager on AsyncLocalStorage whose `active()` falls back to the context of the one open run that
 * startRun opened. Code that sets the root context on purpose stays outside every run.
 */
export async function createRunContextManager(): Promise<ContextManager> {
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  // A root that can be told from "nothing was set", which the base class answers with ROOT_CONTEXT.
  const root = explicitRoot(ROOT_CONTEXT);

  class RunContextManager extends AsyncLocalStorageContextManager {
    override active(): Context {
      const active = super.active();
      return active === ROOT_CONTEXT ? (fallbackContext() ?? active) : active;
    }

    override with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
      context: Context,
      fn: F,
      thisArg?: ThisParameterType<F>,
      ...args: A
    ): ReturnType<F> {
      return super.with(context === ROOT_CONTEXT ? root : context, fn, thisArg, ...args);
    }
  }
  return new RunContextManager().enable();
}

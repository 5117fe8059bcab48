// Automatic logging in a job that knows nothing of it: TensorFlow.js is patched when the job loads it.
import { subscribe } from 'node:diagnostics_channel';
import type { TfjsModule } from '../autolog/tfjs-types.ts';
import { quietly } from '../otel/quietly.ts';
import { autolog } from '../services/fluent/autolog.ts';

/** As it is required, and as its one CommonJS file is called, which an ES module's import loads too. */
const TFJS = /^@tensorflow\/tfjs-layers$|[/\\]@tensorflow[/\\]tfjs-layers[/\\]dist[/\\]tf-layers\.[\w.]+\.js$/;

/**
 * Calls autolog() with TensorFlow.js once the job has loaded it; what is logged is as the settings `autolog…` say.
 *
 * Node itself tells of each CommonJS module that was loaded, by require or import, and TensorFlow.js is one by its name: no loader hook
 * is needed, through which every other module of the job would go too.
 */
export function autologWhenLoaded(): void {
  subscribe('tracing:module.require:end', (message) => {
    // The shape of Node's own channel.
    const { id, result } = message as { readonly id?: unknown; readonly result?: unknown };
    if (typeof id !== 'string' || !TFJS.test(id) || typeof result !== 'object' || result === null) return;
    // autolog() refuses what is none.
    quietly('turning automatic logging on', () => autolog(result as TfjsModule));
  });
}

// Automatic logging as users call it.
import type { AutologFlags } from '../../autolog/host.ts';
import { patchTfjs } from '../../autolog/tfjs.ts';
import type { TfjsModule } from '../../autolog/tfjs-types.ts';
import { RunspanError } from '../../errors.ts';
import { startDefaultServices } from './default-services.ts';

const FLAGS: ReadonlySet<string> = new Set<keyof AutologFlags>([
  'disable',
  'disableForUnsupportedVersions',
  'exclusive',
  'logInputExamples',
  'logModelSignatures',
  'logModels',
  'logDatasets',
  'silent',
]);

/**
 * Logs every training of TensorFlow.js from here on: params, metrics of each epoch, the model's summary, and, where asked for, its data
 * and the model itself. It goes into the run that is active, else into one of its own. What `fit` returns and throws does not change.
 *
 * Called again it takes the new options; `{ disable: true }` takes it off. A fault is counted (`stats().refused.autolog`) and said once.
 *
 * @param tf the module: `@tensorflow/tfjs`, or `@tensorflow/tfjs-layers`, 4.x
 * @param options MLflow's flags; one that is not given is as the service's setting `autolog…` says
 * @throws {RunspanError} `INVALID_ARGUMENT` for another module or an unknown option
 * @example
 * import * as tf from '@tensorflow/tfjs';
 * autolog(tf, { logModels: true });
 * await mlflow.runContext('train', () => model.fit(x, y, { epochs: 10 }));
 */
export function autolog(tf: TfjsModule, options: Partial<AutologFlags> = {}): void {
  for (const [name, value] of Object.entries(options)) {
    if (!FLAGS.has(name))
      throw new RunspanError(
        'INVALID_ARGUMENT',
        `Unknown option '${name}' of autolog(). Known: ${[...FLAGS].join(', ')}`,
      );
    if (value !== undefined && typeof value !== 'boolean')
      throw new RunspanError('INVALID_ARGUMENT', `Option '${name}' of autolog() must be true or false.`);
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  patchTfjs(tf, { options: given, startHost: startDefaultServices });
}

// The stock register as a rival.
import { findRival } from './rival-package.ts';

/** Finds the file to preload; undefined where npm cannot install it. `folder` is where it is installed already. */
export function findStockRegister(folder: string | undefined): string | undefined {
  return findRival(
    {
      what: 'the stock register',
      name: 'stock-register',
      // Those that belong to the SDK which this package uses.
      packages: { '@opentelemetry/auto-instrumentations-node': '0.82.0', '@opentelemetry/api': '1.10.0' },
      entry: '@opentelemetry/auto-instrumentations-node/dist/register.mjs',
    },
    folder,
  );
}

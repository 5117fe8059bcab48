// Files and folders of this machine that a script names, and where downloads go.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Places } from './run-ours.ts';

const MODEL = 'loader_module: mlflow.pyfunc.loaders.code_model\n    model_code_path: model.py';

/** Makes them in a folder. */
export function makePlaces(folder: string): Places {
  const at = (...names: readonly string[]): string => join(folder, ...names);
  for (const name of ['downloads', 'folder/deep/er', 'model/code']) mkdirSync(at(name), { recursive: true });
  writeFileSync(at('plain.txt'), 'plain\n');
  writeFileSync(at('ü 日本 +.bin'), Buffer.from([0, 255, 13, 10, 128]));
  writeFileSync(at('folder', 'a.txt'), 'a');
  writeFileSync(at('folder', 'deep', 'ü b.csv'), 'x,y\n1,2\n');
  writeFileSync(at('folder', 'deep', 'er', 'empty'), '');
  writeFileSync(at('model', 'MLmodel'), `flavors:\n  python_function:\n    ${MODEL}\n`);
  writeFileSync(at('model', 'model.py'), 'import mlflow\n\nmlflow.models.set_model(lambda rows: rows)\n');
  writeFileSync(at('model', 'code', 'more.txt'), 'more');
  const made = {
    'place:1': at('plain.txt'),
    'place:2': at('ü 日本 +.bin'),
    'place:3': at('folder'),
    'place:4': at('model'),
  };
  return { root: folder, made, downloads: at('downloads') };
}

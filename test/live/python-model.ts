// A model that Python runs, of two files and without a pickle, for tests that log or register one.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CODE = [
  'import mlflow',
  'class Twice(mlflow.pyfunc.PythonModel):',
  '    def predict(self, context, model_input, params=None):',
  '        return [2 * each for each in model_input]',
  'mlflow.models.set_model(Twice())',
];

/** Writes the model, which doubles what it is given, into a folder that is there; returns the folder. */
export function writeTwice(folder: string): string {
  const flavor = 'loader_module: mlflow.pyfunc.loaders.code_model\n    model_code_path: model.py';
  writeFileSync(join(folder, 'MLmodel'), `flavors:\n  python_function:\n    ${flavor}\n`);
  writeFileSync(join(folder, 'model.py'), `${CODE.join('\n')}\n`);
  return folder;
}

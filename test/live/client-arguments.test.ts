// The arguments of every method: Python's required ones in its order, and what is a keyword there in an object at the end.
import { expect, test } from 'vitest';
import { listClientMethods } from '../../scripts/client-methods.ts';
import { askPython } from './ask-python.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');

const SIGNATURES = `{n: [p.name if p.default is p.empty else p.name + "?" for p in list(__import__("inspect").signature(f).parameters.values())[1:]]
  for n, f in __import__("inspect").getmembers(mlflow.MlflowClient) if callable(f) and not n.startswith("_")}`;

/** Where ours asks for more than Python's signature says, each with its reason. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  // a tag has a key and a value, and is of a version or stage: Python refuses the call without them
  setModelVersionTag: ['name', 'version', 'key', 'value'],
  deleteModelVersionTag: ['name', 'version', 'key'],
  // a name or a key is needed, and a change of something
  logImage: ['run_id', 'image', 'options'],
  updateWebhook: ['webhook_id', 'options'],
  // what is logged most stands without a name
  logInputs: ['run_id', 'datasets?', 'options?'],
};

/** Options of Python's that are none here, each with its reason. */
const NOT_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  // of a notebook, and of traces that wait in the process
  getTrace: ['display', 'flush'],
  // the old name of locations; traces are sent when they end
  searchTraces: ['experiment_ids', 'flush'],
  // a figure is the bytes that its library made
  logFigure: ['save_kwargs'],
  // a prompt is read whenever it is asked for
  loadPrompt: ['cache_ttl_seconds'],
  // in the place of the version
  setModelVersionTag: ['stage'],
  deleteModelVersionTag: ['stage'],
  // of Databricks
  createRegisteredModel: ['deployment_job_id'],
  updateRegisteredModel: ['deployment_job_id'],
};

/** Times have their unit in their name here. */
const withoutUnit = (name: string): string => name.replace(/_(ms|millis)$/, '');

const snake = (name: string): string =>
  name.replace(/^_/, '').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

test('required arguments stand in the order of Python, options in an object at the end', async () => {
  const { signatures } = await askPython(mlflow.env.MLFLOW_TRACKING_URI, { signatures: SIGNATURES });
  const theirs = signatures.value as Readonly<Record<string, readonly string[]>>; // as the expression says
  const shared = listClientMethods().filter(({ name }) => Object.hasOwn(theirs, snake(name)));
  expect(shared.length).toBeGreaterThan(120);
  const ours = shared.map(({ name, parameters }) => [name, parameters.map(snake)] as const);
  const expected = shared.map(({ name, parameters }) => {
    const required = theirs[snake(name)]?.filter((each) => !each.endsWith('?')) ?? [];
    const options = parameters.length > required.length ? ['options?'] : [];
    return [name, MORE[name] ?? [...required, ...options]] as const;
  });
  expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(expected));
});

test('every option of Python is one here', async () => {
  const { signatures } = await askPython(mlflow.env.MLFLOW_TRACKING_URI, { signatures: SIGNATURES });
  const theirs = signatures.value as Readonly<Record<string, readonly string[]>>; // as the expression says
  const missing = listClientMethods().flatMap(({ name, parameters, options }) => {
    const known = new Set([...parameters, ...options].map((each) => withoutUnit(snake(each).replace('?', ''))));
    const wanted = (theirs[snake(name)] ?? []).map((each) => each.replace('?', ''));
    const left = wanted.filter((each) => each !== 'synchronous' && !known.has(withoutUnit(each)));
    return left.length === 0 ? [] : [[name, left] as const];
  });
  expect(Object.fromEntries(missing)).toEqual(NOT_OPTIONS);
});

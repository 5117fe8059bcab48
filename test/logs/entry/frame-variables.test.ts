// `diagnose`, in this thread: what is kept of the frames of an error, what is cut and masked, and that it ends when it is told to.
import { open as openInspector, close as closeInspector } from 'node:inspector';
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { variablesOf, watchThrows } from '../../../src/logs/entry/frame-variables.ts';
import type { FrameVariables } from '../../../src/logs/entry/frame-variables.ts';
import { createRedactor } from '../../../src/model/redact.ts';
import { makeFolder } from '../../services/mlflow/mlflow-fixture.ts';

const said: string[] = [];
let stop = (): void => undefined;
const watch = (): void => {
  stop = watchThrows({ redactor: createRedactor(), say: (message) => said.push(message) });
};
afterEach(() => {
  stop();
  said.length = 0;
});

function catchOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('The work was to throw.');
}

const framesOf = (work: () => unknown): Map<string, FrameVariables> =>
  new Map(variablesOf(catchOf(work)).map((frame) => [frame.functionName, frame]));

function fail(rows: readonly number[]): never {
  const password = 'hunter2';
  const settings = { depth: 3, apiKey: 'abc', url: 'https://me:hunter3@db/x', run: () => 1, nothing: undefined };
  const inner = { text: `${'y'.repeat(85)} https://me:hunter3@db/x` };
  const long = 'x'.repeat(500);
  const [big, absent, when, cause] = [10n, null, new Map([['a', 1]]), new TypeError('first\nsecond')];
  throw new RangeError([rows, password, settings, inner, long, big, absent, when, cause].length.toString());
}

function train(epoch: number): void {
  fail([epoch, epoch + 1]);
}

test('each of the user’s frames has its variables, the failing one first; cut, and nothing secret', () => {
  watch();
  const frames = framesOf(() => train(4));
  expect([...frames.keys()].slice(0, 2)).toEqual(['fail', 'train']);
  // Vitest runs a module in a function, so what is a module's own stands behind it here; plain Node: logger-diagnose.
  expect(frames.get('train')?.variables[0]).toBe('epoch = 4');
  expect(frames.get('fail')?.url).toContain('frame-variables.test');
  const variables = frames.get('fail')?.variables ?? [];
  expect(variables).toContain('rows = [4, 5]');
  expect(variables).toContain('password = [REDACTED]');
  expect(variables.find((text) => text.startsWith('settings'))).toMatch(
    /^settings = \{depth: 3, apiKey: \[REDACTED\], url: "https:\/\/me:\[REDACTED\]@db\/x", run: \[function\], nothing: undefine…$/,
  );
  expect(variables).toContain('inner = {text: [long text]}');
  expect(variables.find((text) => text.startsWith('long'))).toMatch(/^long = "x{90,100}…/);
  for (const text of ['big = 10n', 'absent = null', 'cause = TypeError: first']) expect(variables).toContain(text);
  expect(variables.find((text) => text.startsWith('when'))).toMatch(/^when = Map/);
  expect(JSON.stringify([...frames.values()])).not.toMatch(/hunter|abc/);
  expect(said).toEqual([]);
});

test('a caught error that is thrown again keeps what stood where it was thrown first', () => {
  watch();
  const error = catchOf(() => {
    try {
      train(1);
    } catch (caught) {
      const rows = 'of the catch';
      throw Object.assign(caught as Error, { rows });
    }
  });
  const [first] = variablesOf(error);
  expect(first).toMatchObject({ functionName: 'fail' });
  expect(first?.variables).toContain('rows = [1, 2]');
});

test('what is thrown and is no error, and an error of which nobody’s frame is the user’s, have none', () => {
  watch();
  const thrown = { code: 1 };
  expect(() => {
    throw thrown;
  }).toThrow();
  expect(variablesOf(thrown)).toEqual([]);
  expect(variablesOf(new Error('never thrown'))).toEqual([]);
});

test('at most five frames with twenty variables each are kept', () => {
  const file = join(makeFolder(), 'deep.cjs');
  const names = Array.from({ length: 30 }, (_, at) => `v${at}`);
  writeFileSync(
    file,
    `module.exports = function deep(left) { ${names.map((name, at) => `const ${name} = ${at};`).join(' ')}
      if (left > 0) return deep(left - 1) + 1; throw new Error('deep' + [${names.join()}].length); };`,
  );
  const deep = createRequire(import.meta.url)(file) as (left: number) => never;
  watch();
  const frames = variablesOf(catchOf(() => deep(9)));
  expect(frames.map(({ functionName, variables }) => [functionName, variables.length])).toEqual(
    Array(5).fill(['deep', 20]),
  );
});

test('fifty throws in a second are looked at, and no more until it is over', () => {
  let nowMs = 10_000;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  onTestFinished(() => clock.mockRestore());
  const isKept = (): boolean => variablesOf(catchOf(() => train(1))).length > 0;
  watch();
  expect(Array.from({ length: 52 }, isKept)).toEqual([...Array<boolean>(50).fill(true), false, false]);
  nowMs += 1_001;
  expect(isKept()).toBe(true);
});

test('stopped, it keeps nothing, and may be stopped again', () => {
  watch();
  stop();
  stop();
  expect(variablesOf(catchOf(() => train(1)))).toEqual([]);
});

test('where a debugger listens it steps back with one line, whether that came before or after', () => {
  watch();
  openInspector(0, '127.0.0.1');
  try {
    expect(variablesOf(catchOf(() => train(1)))).toEqual([]);
    expect(said).toEqual(['diagnose: a debugger listens, so stack traces have no variables']);
    watch();
    expect(variablesOf(catchOf(() => train(1)))).toEqual([]);
    expect(said).toHaveLength(2);
  } finally {
    closeInspector();
  }
});

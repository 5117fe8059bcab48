// Holds the house rules on src, and each rule on a small house that breaks it.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as house from '../scripts/house.ts';

const root = join(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
const dependencies = Object.keys({
  ...manifest['dependencies'],
  ...manifest['optionalDependencies'],
  ...manifest['peerDependencies'],
});
const src = new Map(
  globSync('**/*.ts', { cwd: join(root, 'src') })
    .toSorted()
    .map((file) => [file.replaceAll('\\', '/'), readFileSync(join(root, 'src', file), 'utf8')]),
);

/** What package.json carries for its dependencies' sake. */
const NOT_IMPORTED: string[] = ['@opentelemetry/instrumentation'];

describe('src', () => {
  it('is read', () => expect([...src.keys()]).toContain('errors.ts'));
  it('has the rooms of the house only', () => expect(house.checkRooms(src)).toEqual([]));
  it('imports downhill only', () => expect(house.checkFloors(src)).toEqual([]));
  it('has no circle', () => expect(house.checkCircles(src)).toEqual([]));
  it('has no two folders that import each other', () => expect(house.checkPairs(src)).toEqual([]));
  it('imports packages where the table says', () =>
    expect(house.checkDependencies(src, new Set(dependencies))).toEqual([]));
  it('uses what it depends on', () => expect(house.checkUnused(src, dependencies, NOT_IMPORTED)).toEqual([]));
  it('reads the environment in one file', () => expect(house.checkEnvironment(src)).toEqual([]));
  it('knows built-ins of other realms', () => expect(house.checkRealms(src)).toEqual([]));
  it('has short files that say what they are for', () => expect(house.checkShape(src)).toEqual([]));
});

describe('the reader of imports', () => {
  it('sees every way to import', () => {
    const text = `// x
      import a, { b } from './static.ts';
      import type { c } from './type.ts';
      import { type d } from './inline-type.ts';
      import './side-effect.ts';
      export { e } from './re-export.ts';
      export type { f } from './type-re-export.ts';
      type G = import('./import-type.ts').G;
      const h = await import('./dynamic.ts');
      const i = createRequire(import.meta.url)('required');
      // import './comment.ts'
      const text = "import './string.ts'";`;
    expect(house.importsOf('x.ts', text).map(({ specifier, kind }) => `${kind} ${specifier}`)).toEqual([
      'static ./static.ts',
      'type ./type.ts',
      'type ./inline-type.ts',
      'static ./side-effect.ts',
      'static ./re-export.ts',
      'type ./type-re-export.ts',
      'type ./import-type.ts',
      'dynamic ./dynamic.ts',
      'dynamic required',
    ]);
  });
});

describe('a house that breaks a rule', () => {
  const build = (files: Record<string, string>): house.Sources => new Map(Object.entries(files));
  const errors = { 'errors.ts': '// errors' };

  it.each([
    ['uphill', { 'model/a.ts': "import type { B } from '../rest/b.ts';", 'rest/b.ts': '' }, /model may not see rest/],
    ['across a floor', { 'stores/a.ts': "import '../artifacts/b.ts';", 'artifacts/b.ts': '' }, /stores may not see/],
    ['config sees rest', { 'config/a.ts': "import '../rest/b.ts';", 'rest/b.ts': '' }, /config may not see rest/],
    ['runs sees config', { 'runs/a.ts': "import '../config/b.ts';", 'config/b.ts': '' }, /runs may not see config/],
    ['the ground looks up', { 'errors.ts': "import './model/b.ts';", 'model/b.ts': '' }, /errors may not see model/],
    ['out of src', { 'model/a.ts': "import '../../test/b.ts';" }, /not a file of src/],
  ])('is refused: %s', (_, files, message) => {
    expect(house.checkFloors(build(files)).join()).toMatch(message);
  });

  it.each([
    ['downhill', { 'services/a.ts': "import { B } from '../errors.ts';", ...errors }],
    ['services sees config', { 'services/a.ts': "import '../config/b.ts';", 'config/b.ts': '' }],
    ['in one room', { 'cli.ts': "import './cli/a.ts';", 'cli/a.ts': '' }],
  ])('lets through: %s', (_, files) => {
    expect(house.checkFloors(build(files))).toEqual([]);
  });

  it('is refused: a circle of types', () => {
    const files = { 'rest/a.ts': "import type { B } from './b.ts';", 'rest/b.ts': "export { A } from './a.ts';" };
    expect(house.checkCircles(build(files))).toEqual(['rest/a.ts -> rest/b.ts -> rest/a.ts']);
  });

  it('is refused: two folders that import each other', () => {
    const files = { 'otel/x/a.ts': "import '../b.ts';", 'otel/b.ts': "import './x/c.ts';", 'otel/x/c.ts': '' };
    expect(house.checkPairs(build(files))).toHaveLength(2);
  });

  it.each([
    ['zod in runs', 'runs/a.ts', "import { z } from 'zod';", /only config\/, rest\//],
    [
      'sqlite outside its files',
      'stores/http/a.ts',
      "import { DatabaseSync } from 'node:sqlite';",
      /only stores\/sqlite/,
    ],
    ['an SDK at the start', 'otel/a.ts', "import { NodeSDK } from '@opentelemetry/sdk-node';", /await import/],
    ['what is not in the table', 'rest/a.ts', "import 'pkg/sub';", /add it to the table/],
    ['what package.json has not', 'rest/a.ts', "import '@x/y/z';", /imports @x\/y, which package.json/],
  ])('is refused: %s', (_, file, text, message) => {
    const declared = new Set(['zod', 'pkg', '@opentelemetry/sdk-node']);
    expect(house.checkDependencies(build({ [file]: text }), declared).join()).toMatch(message);
  });

  it.each([
    ['an SDK when needed', 'otel/a.ts', "const sdk = await import('@opentelemetry/sdk-node');"],
    ['the types of an SDK', 'otel/a.ts', "import type { NodeSDK } from '@opentelemetry/sdk-node';"],
    ['the API', 'model/a.ts', "import { trace } from '@opentelemetry/api';"],
    ['Node', 'model/a.ts', "import { join } from 'node:path';"],
  ])('lets through: %s', (_, file, text) => {
    const declared = new Set(['@opentelemetry/api', '@opentelemetry/sdk-node']);
    expect(house.checkDependencies(build({ [file]: text }), declared)).toEqual([]);
  });

  it('is refused: a dependency that nothing uses', () => {
    expect(house.checkUnused(build(errors), ['zod', 'yaml'], ['yaml'])).toEqual([expect.stringMatching(/^zod/)]);
  });

  it.each([
    ['process.env.HOME', 'process.env.HOME'],
    ['another spelling', "globalThis.process['env']"],
    ['unpacked', 'const { env } = process'],
    ['imported', "import { env } from 'node:process'"],
  ])('is refused: %s', (_, text) => {
    expect(house.checkEnvironment(build({ 'runs/a.ts': text }))).toHaveLength(1);
    expect(house.checkEnvironment(build({ 'config/env.ts': text }))).toEqual([]);
  });

  it('is refused: built-ins of this realm only', () => {
    const text = 'const isBad = (x: unknown) => x instanceof RangeError || x instanceof Error || x instanceof Map;';
    expect(house.checkRealms(build({ 'runs/a.ts': text }))).toEqual([
      'runs/a.ts:1: ask model/any-realm.ts for Error',
      'runs/a.ts:1: ask model/any-realm.ts for Map',
    ]);
    expect(house.checkRealms(build({ 'model/any-realm.ts': text }))).toEqual([]);
  });

  it('is refused: rooms it does not have', () => {
    const files = { 'tools/a.ts': '', 'rest/utils.ts': '', 'common/a.ts': '', 'rest/index.ts': '', 'config.ts': '' };
    expect(house.checkRooms(build(files))).toEqual([
      "tools/a.ts: there is no room 'tools' in the house",
      'rest/utils.ts: say what it is for',
      "common/a.ts: there is no room 'common' in the house",
      'common/a.ts: say what it is for',
      'rest/index.ts: src/index.ts is the only index',
      "config.ts: there is no room 'config' in the house",
    ]);
  });

  it.each([
    ['a first line of code', "import 'x';\n", /first line/],
    ['301 lines', `// x\n${'let a;\n'.repeat(300)}`, /301 lines/],
    ['a default export', '// x\nexport default class A {}', /default/],
    ['an assigned default export', '// x\nconst a = 1;\nexport default a;', /:3: a default/],
    ['export *', "// x\nexport * from './b.ts';", /export \*/],
    ['export * as', "// x\nexport * as b from './b.ts';", /export \*/],
  ])('is refused: %s', (_, text, message) => {
    expect(house.checkShape(build({ 'rest/a.ts': text })).join()).toMatch(message);
  });

  it('lets through: 300 lines', () => {
    expect(house.checkShape(build({ 'rest/a.ts': `// x\n${'let a;\n'.repeat(299)}` }))).toEqual([]);
  });
});

// The check of the docs: what it lets through and what it does not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkDocs, hasModuleDoc } from '../../scripts/check-docs.ts';
import { commonJsTypes } from '../../scripts/commonjs-types.ts';

const folder = mkdtempSync(join(tmpdir(), 'runspan-docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(text: string): string {
  const entry = join(folder, 'index.d.ts');
  writeFileSync(join(folder, 'other.d.ts'), text);
  writeFileSync(entry, "export * from './other.js';\n");
  return entry;
}

describe('the check of the docs', () => {
  it.each([
    ['a function without a docstring', 'export declare function f(): void;', ['f has no docstring']],
    ['a function without an example', '/** Does. */\nexport declare function f(): void;', ['f has no @example']],
    ['a type without a docstring', 'export type A = 1;', ['A has no docstring']],
    ['an empty docstring', '/** */\nexport type A = 1;', ['A has no docstring']],
    ['a constant without a docstring', 'export declare const a: 1;', ['a has no docstring']],
    [
      'a class whose member has no docstring',
      '/** Is.\n * @example new A() */\nexport declare class A { #p: 1; private q: 1; get b(): 1; c(): void; c(x: 1): void; }',
      ['A.b has no docstring', 'A.c has no docstring'],
    ],
    [
      'a field of an interface without a docstring',
      '/** Is. */\nexport interface I { a: 1;\n/** Is. */\nb: 1; [Symbol.dispose](): void }',
      ['I.a has no docstring'],
    ],
    [
      'a docstring that has a default alone',
      '/** Is. */\nexport interface I {\n/** @default 1 */\na: 1 }',
      ['I.a has no docstring'],
    ],
  ])('names %s', (_, text, missing) => {
    expect(checkDocs(write(text)).missing).toEqual(missing);
  });

  it.each([
    ['a documented function', '/** Does.\n * @example f() */\nexport declare function f(): void;', 1],
    ['a documented constant', '/** Is. */\nexport declare const a: 1;', 1],
    [
      'one documented overload',
      '/** Is.\n * @example new A() */\nexport declare class A {\n/** Does. */ c(): void; c(x: 1): void; }',
      2,
    ],
    [
      'what is inherited',
      '/** Is.\n * @example new A() */\nexport declare class A extends Error { name: string; [Symbol.dispose](): void; }',
      1,
    ],
    [
      'what an interface says',
      '/** Is. */\nexport interface I {\n/** Does. */\nc(): void }\n/** Is.\n * @example new A() */\nexport declare class A implements I { c(): void; }',
      3,
    ],
  ])('lets through %s', (_, text, documentedCount) => {
    expect(checkDocs(write(text))).toEqual({ documentedCount, missing: [] });
  });

  it('knows a docstring of the module from others', () => {
    expect(hasModuleDoc('// First.\n\n/**\n * Does.\n *\n * @module a\n */\nimport b from "b";\n')).toBe(true);
    expect(hasModuleDoc('/** Does. */\nexport const a = 1;\n')).toBe(false);
    expect(hasModuleDoc('/**\n * @module a\n */\n')).toBe(false);
  });

  it('refuses an entry that exports nothing', () => {
    const entry = join(folder, 'empty.d.ts');
    writeFileSync(entry, '');
    expect(checkDocs(entry).missing).toEqual([expect.stringContaining('exports nothing')]);
  });
});

describe('the types for CommonJS', () => {
  it('offer types, values and classes', () => {
    const text =
      'export interface I {}\nexport declare const v: 1;\nexport declare class C {}\nexport declare function f(): void;';
    const lines = commonJsTypes(write(text)).split('\n');
    expect(lines.slice(2, -1)).toEqual([
      'export declare const f: typeof esm.f;',
      "export type { I } from './index.js' with { 'resolution-mode': 'import' };",
      'export declare const v: typeof esm.v;',
      'export declare const C: typeof esm.C;',
      'export type C = esm.C;',
    ]);
  });

  it('keep a class that is exported as a type a type', () => {
    const entry = write('export declare class C<T> { t: T }');
    writeFileSync(entry, "export type { C } from './other.js';\n");
    expect(commonJsTypes(entry)).toMatch(/^export type \{ C \} from .*$/m);
    expect(commonJsTypes(entry)).not.toMatch(/const/);
  });

  it('refuse a generic class, whose parameters they could not name', () => {
    expect(() => commonJsTypes(write('export declare class C<T> { t: T }'))).toThrow(/C is a generic class/);
  });
});

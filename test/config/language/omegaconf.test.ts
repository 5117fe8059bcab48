// What OmegaConf 2.4.0 answers, case by case, against ours; and rows C1 to C4 and C9 of the origin's behaviour.
import { readFileSync } from 'node:fs';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fromDotlist } from '../../../src/config/language/dotlist.ts';
import { mergeConfigs } from '../../../src/config/language/merge.ts';
import { parseFile, parseString } from '../../../src/config/language/parse-text.ts';
import { toObject } from '../../../src/config/language/to-object.ts';
import { RunspanError } from '../../../src/errors.ts';

interface Case {
  readonly kind: string;
  readonly input: { readonly text?: string; readonly texts?: readonly string[]; readonly list?: readonly string[] };
  readonly value?: unknown;
  readonly error?: string;
}

const { env, cases } = JSON.parse(readFileSync(new URL('../../fixtures/omegaconf.json', import.meta.url), 'utf8')) as {
  env: Record<string, string>;
  cases: readonly Case[];
};

/** Cases that differ on purpose, by their input, with what ours answers and why. */
const DIFFERENT: Readonly<Record<string, { readonly value: unknown; readonly why: string }>> = {
  '{"texts":["a: {x: ???}","a: {x: 1}"]}': {
    value: { a: { x: 1 } },
    why: 'A bare ??? between braces means the same as anywhere else; PyYAML’s scanner takes the ? for a key.',
  },
};

const before = new Map<string, string | undefined>();
beforeAll(() => {
  for (const [name, value] of Object.entries({ ...env, NOPE: undefined })) {
    before.set(name, process.env[name]);
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});
afterAll(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

function answer({ kind, input }: Case): unknown {
  switch (kind) {
    case 'parseString':
    case 'toObject':
      return toObject(parseString(input.text ?? ''));
    case 'toObjectUnresolved':
      return toObject(parseString(input.text ?? ''), { resolve: false });
    case 'mergeConfigs':
      return toObject(mergeConfigs((input.texts ?? []).map((text) => parseString(text))));
    case 'fromDotlist':
      return toObject(fromDotlist(input.list ?? []));
    default:
      throw new Error(`unknown kind ${kind}`);
  }
}

function readFloats(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$float' in value) return Number(String(value.$float).replace('inf', 'Infinity'));
  if (Array.isArray(value)) return value.map(readFloats);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, readFloats(item)]));
}

describe('C9: OmegaConf', () => {
  it('has 147 cases, and each that differs is one of them', () => {
    expect(cases).toHaveLength(147);
    const inputs = cases.map(({ input }) => JSON.stringify(input));
    expect(Object.keys(DIFFERENT).filter((key) => !inputs.includes(key))).toEqual([]);
  });

  it.each(cases.map((one) => ({ ...one, name: JSON.stringify(one.input) })))('$kind $name', (one) => {
    const different = DIFFERENT[one.name];
    if (different !== undefined) expect(answer(one), different.why).toEqual(different.value);
    else if (one.error === undefined) expect(answer(one)).toEqual(readFloats(one.value));
    else {
      let thrown: unknown;
      try {
        answer(one);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(RunspanError);
      expect(thrown).toMatchObject({ code: 'INVALID_CONFIG' });
    }
  });
});

describe('the origin', () => {
  let folder = '';
  afterEach(() => {
    if (folder !== '') rmSync(folder, { recursive: true });
    folder = '';
  });

  it('C1: parseFile reads a file', () => {
    folder = mkdtempSync(join(tmpdir(), 'runspan-config-'));
    const path = join(folder, 'config.yml');
    writeFileSync(path, 'a: 1\nb: True\nc: [3, 4]\n');
    expect(parseFile(path)).toEqual({ a: 1, b: true, c: [3, 4] });
  });

  it('C2: parseString reads JSON', () => {
    expect(parseString('{"a": 1, "b": 2, "data": [3, 4]}')).toEqual({ a: 1, b: 2, data: [3, 4] });
  });

  it('C3: mergeConfigs merges in order', () => {
    const configs = [0, 1, 2].map((index) => ({ x: index, [index]: index }));
    expect(mergeConfigs(configs)).toEqual({ 0: 0, 1: 1, 2: 2, x: 2 });
  });

  it('C4: toObject makes a plain, equal copy', () => {
    const values = { a: 1, b: true, c: [3, 4] };
    const object = toObject(values);
    expect(object).toEqual(values);
    expect(object).not.toBe(values);
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProjectName, toModelName } from '../../../src/config/settings/project.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runspan-project-'));
  mkdirSync(join(folder, 'a/b'), { recursive: true });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('findProjectName', () => {
  it('takes the nearest package.json that has a name', () => {
    writeFileSync(join(folder, 'package.json'), '{"name":"@acme/churn"}');
    expect(findProjectName(join(folder, 'a/b'))).toBe('@acme/churn');
    writeFileSync(join(folder, 'a/package.json'), '{"type":"module"}');
    expect(findProjectName(join(folder, 'a/b'))).toBe('@acme/churn');
    writeFileSync(join(folder, 'a/b/package.json'), '{"name":"inner"}');
    expect(findProjectName(join(folder, 'a/b'))).toBe('inner');
  });

  it("takes the folder's name where there is none, or none that can be read", () => {
    expect(findProjectName(folder)).toBe(basename(folder));
    writeFileSync(join(folder, 'package.json'), '{');
    expect(findProjectName(folder)).toBe(basename(folder));
    writeFileSync(join(folder, 'package.json'), '{"name":5}');
    expect(findProjectName(folder)).toBe(basename(folder));
    expect(findProjectName('/')).toBe('runspan');
  });
});

describe('toModelName', () => {
  it('leaves out what a registered model must not have in its name', () => {
    expect(['churn', '@acme/churn', 'a:b/c'].map(toModelName)).toEqual(['churn', 'acme-churn', 'a-b-c']);
  });
});

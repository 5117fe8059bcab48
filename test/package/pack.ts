// Packs the built package once for all test files that install it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

/** The packed package. */
export interface Packed {
  readonly tarball: string;
  /** What the tarball holds, relative to the package. */
  readonly files: readonly string[];
}

declare module 'vitest' {
  interface ProvidedContext {
    packed: Packed;
  }
}

/** Tells the tests where the tarball is, and removes it after them. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-packed-'));
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const packed = JSON.parse(
    execFileSync('npm', args, {
      cwd: join(import.meta.dirname, '../..'),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  ) as unknown;
  // npm 12 answers an object by package name, npm 11 a list.
  const [one] = Object.values(packed as Record<string, { filename: string; files: { path: string }[] }>);
  if (!one) throw new Error('npm pack answered nothing');
  project.provide('packed', { tarball: join(folder, one.filename), files: one.files.map(({ path }) => path) });
  return () => rmSync(folder, { recursive: true, force: true });
}

// The name of the project a job belongs to: the default of experiment, application and registered model.
import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * Returns the name in the nearest package.json that has one, from the folder upwards, else the folder's own name.
 *
 * @example
 * findProjectName('/work/churn/src'); // '@acme/churn', from /work/churn/package.json
 */
export function findProjectName(folder: string): string {
  const start = resolve(folder);
  for (let current = start; ; current = dirname(current)) {
    const name = readName(join(current, 'package.json'));
    if (name !== undefined) return name;
    if (current === dirname(current)) return basename(start) || 'runspan';
  }
}

/**
 * Returns a project's name as the name of a registered model, which may hold neither `/` nor `:`.
 *
 * @example
 * toModelName('@acme/churn'); // 'acme-churn'
 */
export function toModelName(projectName: string): string {
  return projectName.replace(/^@/, '').replaceAll(/[/:]/g, '-');
}

function readName(path: string): string | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const name: unknown =
      typeof content === 'object' && content !== null && 'name' in content ? content.name : undefined;
    return typeof name === 'string' && name.trim() !== '' ? name.trim() : undefined;
  } catch {
    return undefined; // none here, or not ours to judge: the next one up, or the folder's name
  }
}

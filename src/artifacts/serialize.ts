// Objects as artifact texts, as MLflow's log_dict writes them: YAML by the name's ending, else JSON.
import { createRequire } from 'node:module';
import { extname } from 'node:path';

/**
 * Writes an object as text: YAML for `.yaml` and `.yml`, else JSON with an indent of 2.
 *
 * @throws {TypeError} where the object cannot be said in JSON: a cycle, a bigint
 * @see https://mlflow.org/docs/latest/api_reference/python_api/mlflow.html#mlflow.log_dict
 * @example
 * serializeDict({ rows: 442 }, 'profile.json'); // '{\n  "rows": 442\n}'
 */
export function serializeDict(dictionary: unknown, artifactFile: string): string {
  if (!isYaml(artifactFile)) return JSON.stringify(dictionary, undefined, 2) ?? 'null';
  return loadYaml().stringify(dictionary);
}

/**
 * Reads what {@link serializeDict} wrote, and what MLflow itself writes.
 *
 * @throws where the text is neither YAML nor JSON
 */
export function parseDict(text: string, artifactFile: string): unknown {
  if (!isYaml(artifactFile)) return JSON.parse(text);
  return loadYaml().parse(text);
}

function isYaml(artifactFile: string): boolean {
  return ['.yaml', '.yml'].includes(extname(artifactFile).toLowerCase());
}

/** Loaded on first use, synchronously: most jobs never write YAML. The cast names the functions that are used. */
function loadYaml(): { stringify(value: unknown): string; parse(text: string): unknown } {
  return createRequire(import.meta.url)('yaml') as ReturnType<typeof loadYaml>;
}

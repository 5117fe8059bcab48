// Objects as artifact texts, as MLflow's log_dict writes them: YAML by the name's ending, else JSON.
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import type * as Yaml from 'yaml';
import type { ScalarTag } from 'yaml';

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
  return stringifyYaml(dictionary);
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

/** Texts that no reader of YAML takes for anything else; the library itself quotes words such as `no`. */
const PLAIN = /^[\p{L}_](?:[\p{L}\p{N}_ ./-]*[\p{L}\p{N}_])?$/u;

/** As PyYAML reads it, which is YAML 1.1: there `no` is false, 2026-01-01 a date, and 1e-7 a text. */
function stringifyYaml(value: unknown): string {
  const { Document, visit } = loadYaml();
  const isMerge = (tag: Yaml.TagId | ScalarTag | Yaml.CollectionTag): boolean =>
    typeof tag === 'object' && tag.tag === 'tag:yaml.org,2002:merge';
  const document = new Document(value, {
    version: '1.1',
    customTags: (tags) => [POWER, ...tags.filter((tag) => !isMerge(tag))], // `<<` is a text like any other
  });
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && !PLAIN.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ indentSeq: false, lineWidth: 0 });
}

/** Numbers with a power of ten have a dot in YAML 1.1. */
const POWER: ScalarTag = {
  identify: (value) => typeof value === 'number' && String(value).includes('e'),
  default: true,
  tag: 'tag:yaml.org,2002:float',
  test: /^(?!)/,
  resolve: Number,
  stringify: ({ value }) => String(value).replace(/^(-?\d+)e/, '$1.0e'),
};

/** Loaded on first use, synchronously: most jobs never write YAML. */
function loadYaml(): Pick<typeof Yaml, 'Document' | 'parse' | 'visit'> {
  return createRequire(import.meta.url)('yaml') as ReturnType<typeof loadYaml>; // the module's own type
}

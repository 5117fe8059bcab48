// The meta.yaml files of MLflow's file store: written as plain fields in order, read with whatever spelling Python's YAML gave them.
import { isMap, isScalar, isSeq, parse, parseDocument, type YAMLMap } from 'yaml';
import type { DatasetInput, Tag } from '../../model/entities.ts';

/** A field to write; a text is quoted, so that nothing of it can be read as a number, a date or nothing. */
export type MetaValue = string | number | null | readonly [] | Readonly<Record<string, string>>;

/** The fields of a file as they were read; those that nobody here knows are written back as they are. */
export type Meta = Readonly<Record<string, MetaValue>>;

/** What double-quoted YAML cannot hold as it is: PyYAML refuses the whole file for one such character. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** Plain words that are nothing in YAML 1.1. */
const NOTHING: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);

/** A plain whole number that stays exact. */
const WHOLE = /^-?(?:0|[1-9]\d{0,14})$/;

/**
 * Spells fields as YAML, by name as Python does: `name: "text"`.
 *
 * @example
 * writeMeta({ name: 'Default', status: 1 }); // 'name: "Default"\nstatus: 1\n'
 */
export function writeMeta(fields: Readonly<Record<string, MetaValue>>): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${spelled(value)}\n`);
  return lines.toSorted().join('');
}

/** Reads a file's fields; undefined where it is no YAML mapping, such as one that is half written. */
export function readMeta(text: string): Meta | undefined {
  return readOwn(text) ?? readYaml(text);
}

/** Reads what {@link writeMeta} wrote, a hundred times quicker than YAML at large; undefined where it is spelled in another way. */
function readOwn(text: string): Meta | undefined {
  if (!text.endsWith('\n')) return undefined;
  const fields: [string, MetaValue][] = [];
  for (const line of text.slice(0, -1).split('\n')) {
    const colon = line.indexOf(': ');
    const value = colon > 0 && /^\w+$/.test(line.slice(0, colon)) ? readJson(line.slice(colon + 2)) : undefined;
    if (value === undefined) return undefined;
    fields.push([line.slice(0, colon), value]);
  }
  return Object.fromEntries(fields);
}

/** Undefined for what JSON and YAML do not read alike. */
function readJson(text: string): MetaValue | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // YAML knows more spellings
  }
  if (typeof value === 'string' || value === null) return value;
  if (typeof value === 'number') return WHOLE.test(text) ? value : undefined;
  if (typeof value !== 'object') return undefined;
  const isTexts = Object.values(value).every((each) => typeof each === 'string');
  return isTexts && (!Array.isArray(value) || value.length === 0) ? (value as MetaValue) : undefined; // as just seen
}

function readYaml(text: string): Meta | undefined {
  // Every word as its text: an id of 18 digits is more than a number holds.
  const document = parseDocument(text, { schema: 'failsafe', logLevel: 'silent', prettyErrors: false });
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
  const fields = [...pairsOf(document.contents)].map(([name, value]) => [name, valueOf(value)] as const);
  return Object.fromEntries(fields);
}

/**
 * Reads a file with whatever is in it, such as those of traces; no mapping has no fields.
 *
 * @throws {Error} where it is no YAML
 */
export function readTree(text: string): Readonly<Record<string, unknown>> {
  const tree: unknown = parse(text, { version: '1.1', logLevel: 'silent', prettyErrors: false });
  const isFields = typeof tree === 'object' && tree !== null && !Array.isArray(tree);
  return isFields ? (tree as Readonly<Record<string, unknown>>) : {}; // the cast: a mapping, as just seen
}

/** A field that is a text, or a number as its text; undefined where it is none. */
export function textOf(meta: Meta, name: string): string | undefined {
  const value = ownField(meta, name);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** A field that is a whole number; undefined where it is none. */
export function numberOf(meta: Meta, name: string): number | undefined {
  const text = textOf(meta, name);
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** A field that is tags. */
export function tagsOf(meta: Meta, name: string): readonly Tag[] {
  const value = ownField(meta, name);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).map(([key, text]) => ({ key, value: text }));
}

/** A data set's fields, as Python spells them. */
export function datasetFields({ dataset }: DatasetInput): Readonly<Record<string, MetaValue>> {
  const { name, digest, sourceType, source, schema, profile } = dataset;
  return { name, digest, source_type: sourceType, source, schema: schema ?? null, profile: profile ?? null };
}

/** Reads a data set; undefined where it says no name or digest. */
export function datasetOf(meta: Meta): DatasetInput['dataset'] | undefined {
  const [name, digest] = [textOf(meta, 'name'), textOf(meta, 'digest')];
  if (name === undefined || digest === undefined) return undefined;
  const [schema, profile] = [textOf(meta, 'schema'), textOf(meta, 'profile')];
  return {
    name,
    digest,
    sourceType: textOf(meta, 'source_type') ?? '',
    source: textOf(meta, 'source') ?? '',
    ...(schema === undefined ? {} : { schema }),
    ...(profile === undefined ? {} : { profile }),
  };
}

function spelled(value: MetaValue): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, text]) => `${quoted(key)}: ${quoted(text)}`)
    .join(', ')}}`;
}

/** Half a character is none in a file: Python could not write again what it read. */
function quoted(text: string): string {
  return JSON.stringify(Buffer.from(text).toString()).replaceAll(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function* pairsOf(map: YAMLMap): Generator<readonly [string, unknown]> {
  for (const { key, value } of map.items) if (isScalar(key)) yield [String(key.value), value];
}

function valueOf(node: unknown): MetaValue {
  if (isSeq(node)) return []; // a run's `tags`, which have been files since MLflow 1
  if (!isMap(node)) return scalarOf(node);
  return Object.fromEntries([...pairsOf(node)].map(([name, value]) => [name, String(scalarOf(value) ?? '')]));
}

function scalarOf(node: unknown): string | number | null {
  if (!isScalar(node)) return null;
  const text = String(node.value);
  if (node.type !== undefined && node.type !== 'PLAIN') return text;
  if (NOTHING.has(text)) return null;
  return WHOLE.test(text) ? Number(text) : text;
}

function ownField(meta: Meta, name: string): MetaValue | undefined {
  return Object.hasOwn(meta, name) ? meta[name] : undefined;
}

// A table of fields to settings, strictly. By hand rather than by zod, which alone costs 57 ms to import on every job's start path.
import { resolve } from 'node:path';
import { RunspanError } from '../../errors.ts';
import type { Section } from '../language/config-file.ts';
import type { Field, FieldKind, Fields, Provenance, Resolved } from './fields.ts';
import { suggestName } from '../../model/find-like.ts';
import { invalidSetting, readValue, readVariable, refuse } from './settings-values.ts';
import { findVariable } from './sources.ts';
import type { SettingsSources } from './sources.ts';
import { isUri } from './tracking-uri.ts';

/** What the settings are of, and the layers below code. */
export interface ResolveContext {
  readonly section: Section;
  readonly sources: SettingsSources;
}

/**
 * Returns one value for each field: code's, else the process env's, else that of `.env`, else the settings file's, else the default.
 * A key of code whose value is undefined is not given.
 *
 * @throws {RunspanError} `INVALID_SETTINGS` for an unknown key, a wrong type, a text of env that says no value of the type;
 *   `NOT_SUPPORTED` for what a later version brings. The message names the field, where it was set, and the mend; it never
 *   shows a sensitive value.
 */
export function resolveSettings<S extends object>(
  fields: Fields<S>,
  options: unknown,
  context: ResolveContext,
): Resolved<S> {
  const { section, sources } = context;
  const fileName = sources.file?.name;
  const fromCode = readMapping(options ?? {}, fields, { section });
  const fromFile = readMapping(sources.file?.sections[section] ?? {}, fields, { section, fileName });
  const settings: Record<string, unknown> = {};
  const provenance: Record<string, Provenance> = {};
  for (const [key, field] of Object.entries(fields as Readonly<Record<string, Field<unknown>>>)) {
    const found = find(key, field, { fromCode, fromFile, sources });
    provenance[key] = found.provenance;
    const value = read(found, { key, field, section });
    Object.defineProperty(settings, key, {
      value: typeof value === 'string' ? place(value, field.kind, sources.folder) : value,
      enumerable: field.isSensitive !== true,
    });
  }
  // Every key of S has its field, and each was read by its kind.
  return Object.freeze({
    settings: Object.freeze(settings) as Readonly<S>,
    provenance: provenance as Resolved<S>['provenance'],
  });
}

/** Returns a path as an absolute one, of the folder that the settings are for; all else as it is. */
function place(value: string, kind: FieldKind, folder: string): string {
  const isPath = kind === 'path' || (kind === 'location' && !isUri(value));
  return isPath ? resolve(folder, value) : value;
}

interface Found {
  readonly value: unknown;
  readonly provenance: Provenance;
  /** Whether a message may show it; undefined where the field alone decides. */
  readonly isSecret?: boolean;
}

interface Layers {
  readonly fromCode: Readonly<Record<string, unknown>>;
  readonly fromFile: Readonly<Record<string, unknown>>;
  readonly sources: SettingsSources;
}

function find(key: string, field: Field<unknown>, { fromCode, fromFile, sources }: Layers): Found {
  if (Object.hasOwn(fromCode, key) && fromCode[key] !== undefined)
    return { value: fromCode[key], provenance: { source: 'code' } };
  for (const name of field.env ?? []) {
    const variable = findVariable(sources, name);
    if (variable !== undefined) return { value: variable.text, provenance: { source: variable.source, name } };
  }
  const value = Object.hasOwn(fromFile, key) ? fromFile[key] : undefined;
  if (value !== undefined && value !== null)
    return {
      value,
      provenance: { source: 'file', name: sources.file?.name ?? '' },
      isSecret: sources.file?.secrets.isIn(value) ?? false,
    };
  const { defaultValue } = field;
  const isComputed = typeof defaultValue === 'function';
  return { value: isComputed ? (defaultValue(sources) as unknown) : defaultValue, provenance: { source: 'default' } };
}

function read(
  found: Found,
  field: { readonly key: string; readonly field: Field<unknown>; readonly section: Section },
): unknown {
  const { value, provenance } = found;
  if (provenance.source === 'default') return value;
  const isVariable = provenance.source === 'env' || provenance.source === '.env';
  const subject = { ...field, provenance, isSecret: found.isSecret ?? false };
  const result = isVariable ? readVariable(String(value), subject) : readValue(value, subject);
  const expected = field.field.expected?.(result as NonNullable<unknown>);
  if (expected !== undefined) throw refuse(value, expected, subject);
  if (field.field.isNotThereYet?.(result as NonNullable<unknown>) === true)
    throw new RunspanError(
      'NOT_SUPPORTED',
      `Setting '${field.section}.${field.key}' with this value comes with the next version. Leave it out, or use its default.`,
      { details: { field: `${field.section}.${field.key}` } },
    );
  return result;
}

function readMapping(
  given: unknown,
  fields: object,
  { section, fileName }: { readonly section: Section; readonly fileName?: string | undefined },
): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalidSetting(section, `The options of ${section} are no object. Give { name: value } or nothing.`);
  const where = fileName === undefined ? '' : ` in '${fileName}'`;
  for (const key of Object.keys(given))
    if (!Object.hasOwn(fields, key))
      throw invalidSetting(
        `${section}.${key}`,
        `Unknown setting '${section}.${key}'${where}. ${suggestName(key, Object.keys(fields))}`,
      );
  return given as Readonly<Record<string, unknown>>; // an object that is no array
}

// Tables as MLflow keeps them: JSON of pandas, oriented "split", rows added to what is there.
import { mlflowError, RunspanError } from '../../errors.ts';
import { toJsonValue } from '../../model/mend-text.ts';
import { isImage, type ImageInput } from './image.ts';
import type { ImagePaths } from './image-names.ts';

/** Columns by name, each a list; or a value for each name, which is one row; or rows as objects. */
export type TableInput =
  | Readonly<Record<string, readonly unknown[]>>
  | Readonly<Record<string, unknown>>
  | readonly Readonly<Record<string, unknown>>[];

/** A table: its columns in order, and its rows. */
export interface Table {
  readonly columns: readonly string[];
  readonly data: readonly (readonly unknown[])[];
}

/** The most values of one table. */
const MAX_VALUES = 10_000_000;

/**
 * Reads what was given as a table.
 *
 * @throws {RunspanError} `INVALID_ARGUMENT` for what is none: lists of several lengths, a row that is no object
 */
export function toTable(data: TableInput): Table {
  if (Array.isArray(data)) return ofRows(data as readonly Readonly<Record<string, unknown>>[]); // the union has no other list
  if (typeof data !== 'object' || data === null)
    throw invalid(`A table is an object or a list of rows, not ${typeof data}.`);
  const entries = Object.entries(data);
  const lists = entries.filter(([, column]) => Array.isArray(column));
  if (lists.length === 0) return ofRows([data as Readonly<Record<string, unknown>>]);
  // as in pandas, one value stands for a whole column
  const length = (lists[0]?.[1] as readonly unknown[] | undefined)?.length ?? 0;
  const columns = entries.map(([name, column]) => {
    if (!Array.isArray(column)) return Array.from({ length }, () => column);
    if (column.length === length) return column as readonly unknown[];
    throw invalid(
      `The columns of a table are of one length: '${name}' has ${column.length} rows, and another ${length}.`,
    );
  });
  return {
    columns: entries.map(([name]) => name),
    data: Array.from({ length }, (_, row) => columns.map((column) => column[row])),
  };
}

/** One table after the other; what one of them has no column for is null there. */
export function concatTables(first: Table, second: Table): Table {
  const columns = [...new Set([...first.columns, ...second.columns])];
  const spread = (table: Table): readonly (readonly unknown[])[] => {
    const places = columns.map((column) => table.columns.indexOf(column));
    return table.data.map((row) => places.map((place) => (place < 0 ? null : (row[place] ?? null))));
  };
  return { columns, data: [...spread(first), ...spread(second)] };
}

/** Writes a table as pandas does (`to_json(orient="split", index=False)`): what is no finite number is null. */
export function serializeTable({ columns, data }: Table): string {
  const finite = data.map((row) => row.map((value) => (isInfinite(value) ? null : value)));
  return JSON.stringify(toJsonValue({ columns, data: finite }, MAX_VALUES));
}

function isInfinite(value: unknown): boolean {
  return typeof value === 'number' && !Number.isFinite(value);
}

/**
 * Reads a table that MLflow or we wrote.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for what is none
 */
export function parseTable(text: string, artifactFile: string): Table {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw mlflowError('INVALID_PARAMETER_VALUE', `'${artifactFile}' is no table: it is not JSON.`, cause);
  }
  if (isTable(found)) return { columns: found.columns.map(String), data: found.data };
  throw mlflowError('INVALID_PARAMETER_VALUE', `'${artifactFile}' is no table: it has no columns and data.`);
}

/** A table as objects, a row each. */
export function rowsOf({ columns, data }: Table): Record<string, unknown>[] {
  return data.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])));
}

/**
 * Puts images out of a table: `keep` gets each with the paths it is to have, and the table holds these.
 *
 * @throws {RunspanError} `INVALID_ARGUMENT` for a column of images and other things
 */
export function takeImages(
  table: Table,
  makePaths: () => ImagePaths,
): { readonly table: Table; readonly images: readonly { readonly image: ImageInput; readonly paths: ImagePaths }[] } {
  const images: { image: ImageInput; paths: ImagePaths }[] = [];
  const areImages = table.columns.map((column, index) => {
    const count = table.data.filter((row) => isImage(row[index])).length;
    if (count > 0 && count < table.data.length) throw invalid(`Column '${column}' holds images and other things.`);
    return count > 0;
  });
  const data = table.data.map((row) =>
    row.map((value, index) => {
      if (areImages[index] !== true || !isImage(value)) return value;
      const paths = makePaths();
      images.push({ image: value, paths });
      return { type: 'image', filepath: paths.png, compressed_filepath: paths.webp };
    }),
  );
  return { table: { columns: table.columns, data }, images };
}

/**
 * Checks the name of a table as Python does: the page finds it by a filter that these characters would break.
 *
 * @throws {RunspanError} `INVALID_ARGUMENT`; `NOT_SUPPORTED` for `.parquet`
 */
export function checkTableName(artifactFile: string): string {
  if (typeof artifactFile !== 'string' || /["',:[\]{}]/.test(artifactFile))
    throw invalid(`The name of a table has none of " ' , : [ ] { }, unlike '${String(artifactFile)}'.`);
  if (artifactFile.endsWith('.json')) return artifactFile;
  const isParquet = artifactFile.endsWith('.parquet');
  const message = `Cannot use '${artifactFile}' as a table: its name must end in .json${isParquet ? '; Parquet is Python’s alone' : ''}.`;
  throw new RunspanError(isParquet ? 'NOT_SUPPORTED' : 'INVALID_ARGUMENT', message);
}

/** Adds a table to the text of tag `mlflow.loggedArtifacts`, written as Python writes it; undefined where it is in there already. */
export function addTableToTag(text: string | undefined, path: string): string | undefined {
  const known: unknown = JSON.parse(text === undefined || text === '' ? '[]' : text);
  const entries = (Array.isArray(known) ? known : []) as readonly Readonly<Record<string, unknown>>[]; // MLflow's own list
  if (entries.some((entry) => entry['path'] === path && entry['type'] === 'table')) return undefined;
  // with Python's spaces: its load_table looks for the text
  const written = [...entries, { path, type: 'table' }].map((entry) => {
    const fields = Object.entries(entry).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    return `{${fields.join(', ')}}`;
  });
  return `[${written.join(', ')}]`;
}

function ofRows(rows: readonly Readonly<Record<string, unknown>>[]): Table {
  const columns = new Set<string>();
  for (const row of rows) {
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      throw invalid('The rows of a table are objects.');
    for (const column of Object.keys(row)) columns.add(column);
  }
  return { columns: [...columns], data: rows.map((row) => [...columns].map((column) => row[column] ?? null)) };
}

function isTable(value: unknown): value is { columns: unknown[]; data: unknown[][] } {
  if (typeof value !== 'object' || value === null || !('columns' in value) || !('data' in value)) return false;
  return Array.isArray(value.columns) && Array.isArray(value.data) && value.data.every((row) => Array.isArray(row));
}

function invalid(message: string): RunspanError {
  return new RunspanError('INVALID_ARGUMENT', message);
}

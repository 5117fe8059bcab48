// Reads the diabetes data that lie in examples/data, and makes them ready for training.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the data lie; `examples/data/README.md` says where they come from. */
export const DATA_FILE: string = fileURLToPath(new URL('data/diabetes.csv', import.meta.url));

const SHA256 = 'f5060bc32176d2f47695065d12478e468fac452a515ffc00fce404de6e94a4d2';
const ROW_COUNT = 442;
const TARGET = 'target';
const FEATURES = ['age', 'sex', 'bmi', 'bp', 's1', 's2', 's3', 's4', 's5', 's6'];

/** One table of numbers: a row of `inputs` belongs to the same place in `targets`. */
export interface Table {
  /** The names of the inputs' columns. */
  readonly features: readonly string[];
  readonly inputs: readonly (readonly number[])[];
  readonly targets: readonly number[];
}

/** The table as it lies on the disk, with what identifies it. */
export interface DataSet extends Table {
  readonly file: string;
  readonly targetName: string;
  /** Of the file, in hex. */
  readonly sha256: string;
}

/** What standardising took off: (value − mean) / deviation. */
export interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

/** Two tables with zero mean and unit deviation, measured on the first. */
export interface SplitData {
  readonly train: Table;
  readonly validation: Table;
  /** Of the targets, to turn a prediction back into the unit of the data. */
  readonly targetScale: Scale;
}

/** Reads and checks the data: columns, number of rows, every cell a number, the file's checksum. */
export function loadData(file: string = DATA_FILE): DataSet {
  const text = readFileSync(file, 'utf8');
  const [header, ...lines] = text.trimEnd().split('\n');
  const expected = [...FEATURES, TARGET].join(',');
  if (header !== expected) throw new Error(`${file}: the columns are '${header}', not '${expected}'.`);
  if (lines.length !== ROW_COUNT) throw new Error(`${file}: ${lines.length} rows, not ${ROW_COUNT}.`);
  const rows = lines.map((line, index) => parseRow(line, `${file}:${index + 2}`));
  const sha256 = createHash('sha256').update(text).digest('hex');
  if (sha256 !== SHA256) throw new Error(`${file}: its checksum is ${sha256}, not ${SHA256}.`);
  const [inputs, targets] = [rows.map((row) => row.slice(0, -1)), rows.map((row) => row.at(-1) ?? Number.NaN)];
  return { file, features: FEATURES, targetName: TARGET, inputs, targets, sha256 };
}

function parseRow(line: string, where: string): number[] {
  const cells = line.split(',');
  const row = cells.map(Number);
  const isWhole =
    row.length === FEATURES.length + 1 && cells.every((cell) => cell !== '') && row.every(Number.isFinite);
  if (!isWhole) throw new Error(`${where}: not ${FEATURES.length + 1} numbers: '${line}'.`);
  return row;
}

/** Random numbers in [0, 1) that a seed fixes: mulberry32, by Tommy Ettinger, in the public domain. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The numbers 0 … count − 1 in an order that the seed fixes. */
export function shuffledIndexes(count: number, seed: number): number[] {
  const random = seededRandom(seed);
  const keyed = Array.from({ length: count }, (_, index) => ({ index, at: random() }));
  return keyed.toSorted((a, b) => a.at - b.at).map(({ index }) => index);
}

/**
 * Shuffles the rows, splits them, and standardises both parts by the first one's means and deviations.
 *
 * @param options.validationShare between 0 and 1, such as 0.2
 */
export function splitData(
  data: Table,
  options: { readonly validationShare: number; readonly seed: number },
): SplitData {
  const order = shuffledIndexes(data.inputs.length, options.seed);
  const trainCount = Math.round(order.length * (1 - options.validationShare));
  const pick = (indexes: readonly number[]): { inputs: (readonly number[])[]; targets: number[] } => ({
    inputs: indexes.map((index) => data.inputs[index] ?? []),
    targets: indexes.map((index) => data.targets[index] ?? Number.NaN),
  });
  const train = pick(order.slice(0, trainCount));
  const validation = pick(order.slice(trainCount));
  const inputScales = data.features.map((_, column) => measure(train.inputs.map((row) => row[column] ?? Number.NaN)));
  const targetScale = measure(train.targets);
  const standardise = (part: typeof train): Table => ({
    features: data.features,
    inputs: part.inputs.map((row) => row.map((value, column) => scale(value, inputScales[column]))),
    targets: part.targets.map((value) => scale(value, targetScale)),
  });
  return { train: standardise(train), validation: standardise(validation), targetScale };
}

function measure(values: readonly number[]): Scale {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) || 1 };
}

function scale(value: number, by: Scale | undefined): number {
  return by ? (value - by.mean) / by.deviation : Number.NaN;
}

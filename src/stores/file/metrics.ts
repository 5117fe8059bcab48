// Metric files of MLflow's file store: a line a point, appended in one write; a point that is there already is not written again.
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { type FileTree, readText } from './tree.ts';

/** One line: `timestamp value step`, and in a model's file the run behind it, and the data set behind that. */
export interface MetricLine {
  readonly timestampMs: number;
  readonly value: number;
  readonly step: number;
  /** Of a model's file only. */
  readonly runId?: string;
  /** Of a model's file only: the data set that it was measured on, where both have no space, which ends a field. */
  readonly dataset?: { readonly name: string; readonly digest: string };
}

/** The end of a file as this process left it: nobody else has written while its size is the same. */
interface KnownEnd {
  readonly ino: number;
  /** In bytes. */
  readonly size: number;
  /** The greatest time and step of all points, and the lines that have both. */
  readonly last: MetricLine;
  readonly lines: ReadonlySet<string>;
}

/** So many files are remembered, and so many lines of one time and step. */
const KNOWN_LIMIT = 10_000;
const LINE_LIMIT = 1_000;

/** How a file is opened: never through a symbolic link, which Windows has no flag for. */
const APPEND = constants.O_RDWR | constants.O_APPEND | ((constants.O_NOFOLLOW as number | undefined) ?? 0);

/** How many fields a line has in a run's file and in a model's: the shorter are of old versions, the longer name a data set. */
const RUN_FIELDS: ReadonlySet<number> = new Set([2, 3, 5]);
const MODEL_FIELDS: ReadonlySet<number> = new Set([4, 6]);

/** Appends points and remembers where files end, so that a resend is noticed without reading what was written. */
export class MetricFiles {
  readonly #tree: FileTree;
  readonly #known = new Map<string, KnownEnd>();

  constructor(tree: FileTree) {
    this.#tree = tree;
  }

  /** Writes those points that the file does not hold yet, in one write; within {@link FileTree.write} only. */
  append(path: string, points: readonly MetricLine[]): void {
    const fresh = distinct(points);
    // A file is never made empty: Python's client cannot read a run with an empty one.
    const isMade = statSync(path, { throwIfNoEntry: false }) === undefined && this.#tree.create(path, textOf(fresh));
    const file = openSync(path, APPEND);
    try {
      if (isMade) this.#remember(path, endOf(fstatSync(file), fresh));
      else this.#appendTo(file, path, fresh);
    } finally {
      closeSync(file);
    }
  }

  #appendTo(file: number, path: string, fresh: Map<string, MetricLine>): void {
    const { ino, size } = fstatSync(file);
    const known = this.#known.get(path);
    this.#known.delete(path); // until the write has ended well
    let end = known?.ino === ino && known.size === size ? known : undefined;
    if (end === undefined || [...fresh.values()].some((point) => order(point, end?.last) < 0)) {
      const held = cutTornLine(file, readWhole(file, size));
      const lines = distinct(parse(held, 'any'));
      for (const identity of lines.keys()) fresh.delete(identity);
      end = endOf({ ino, size: held.length }, lines);
    } else {
      for (const identity of end.lines) fresh.delete(identity);
    }
    const added = fresh.size === 0 ? 0 : writeWhole(file, end?.size ?? 0, textOf(fresh));
    this.#remember(path, endOf({ ino, size: (end?.size ?? 0) + added }, fresh, end));
  }

  #remember(path: string, end: KnownEnd | undefined): void {
    if (end === undefined || end.lines.size > LINE_LIMIT) return;
    this.#known.set(path, end);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN_LIMIT && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** Reads the points of a file in the order they were written; none where there is no file. What is no line is left out. */
export function readPoints(path: string, kind: 'run' | 'model'): readonly MetricLine[] {
  return parse(readText(path) ?? '', kind);
}

/** What makes a point one: MLflow's databases hold a run's once by all it is, and a model's once by all but its value. */
function identityOf({ timestampMs, value, step, runId }: MetricLine): string {
  return runId === undefined ? `${timestampMs} ${step} ${spelled(value)}` : `${timestampMs} ${step} ${runId}`;
}

function distinct(points: readonly MetricLine[]): Map<string, MetricLine> {
  const byIdentity = new Map<string, MetricLine>();
  for (const point of points) {
    const identity = identityOf(point);
    if (!byIdentity.has(identity)) byIdentity.set(identity, point);
  }
  return byIdentity;
}

function textOf(points: ReadonlyMap<string, MetricLine>): string {
  let text = '';
  for (const { timestampMs, value, step, runId, dataset } of points.values()) {
    const behind = dataset === undefined || runId === undefined ? [] : [dataset.name, dataset.digest];
    text += `${[timestampMs, spelled(value), step, ...(runId === undefined ? [] : [runId]), ...behind].join(' ')}\n`;
  }
  return text;
}

/** As Python's float() reads it; infinities are the largest doubles, as in MLflow's databases. */
function spelled(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  return String(Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value)));
}

/** The last line without its end was cut off by a crash: it was never said to be written. */
function parse(text: string, kind: 'run' | 'model' | 'any'): readonly MetricLine[] {
  const points: MetricLine[] = [];
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    const fields = line.trim().split(' ');
    const isOfRun = kind !== 'model' && RUN_FIELDS.has(fields.length);
    if (!isOfRun && (kind === 'run' || !MODEL_FIELDS.has(fields.length))) continue;
    const [timestampMs, value, step] = [Number(fields[0]), valueOf(fields[1] ?? ''), Number(fields[2] ?? 0)];
    if (!Number.isInteger(timestampMs) || value === undefined || !Number.isInteger(step)) continue;
    const [runId = '', name, digest] = fields.slice(3);
    const dataset = name === undefined || digest === undefined ? {} : { dataset: { name, digest } };
    points.push({ timestampMs, value, step, ...(isOfRun ? {} : { runId, ...dataset }) });
  }
  return points;
}

function valueOf(text: string): number | undefined {
  const word = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (word !== null) {
    if (word[2]?.toLowerCase() === 'nan') return NaN;
    return word[1] === '-' ? -Infinity : Infinity;
  }
  const value = Number(text);
  return text === '' || Number.isNaN(value) ? undefined : value;
}

function order(a: MetricLine, b: MetricLine | undefined): number {
  if (b === undefined) return 1;
  return a.timestampMs === b.timestampMs ? a.step - b.step : a.timestampMs - b.timestampMs;
}

function endOf(
  { ino, size }: { readonly ino: number; readonly size: number },
  added: ReadonlyMap<string, MetricLine>,
  before?: KnownEnd,
): KnownEnd | undefined {
  let last = before?.last;
  let lines = new Set(before?.lines);
  for (const [identity, point] of added) {
    const compared = order(point, last);
    if (compared > 0) [last, lines] = [point, new Set([identity])];
    else if (compared === 0) lines.add(identity);
  }
  return last === undefined ? undefined : { ino, size, last, lines };
}

function readWhole(file: number, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let at = 0;
  for (let count = -1; at < sizeBytes && count !== 0; at += count) {
    count = readSync(file, bytes, at, sizeBytes - at, at);
  }
  return bytes.subarray(0, at);
}

function cutTornLine(file: number, bytes: Buffer): string {
  const whole = bytes.lastIndexOf('\n') + 1;
  if (whole < bytes.length) ftruncateSync(file, whole);
  return bytes.toString('latin1', 0, whole); // a byte a character, so that sizes stay right
}

/** All of it or nothing, and how many bytes it is: half a line would be read as another number. */
function writeWhole(file: number, sizeBytes: number, text: string): number {
  const bytes = Buffer.from(text);
  try {
    const written = writeSync(file, bytes);
    if (written < bytes.length) throw Object.assign(new Error('ENOSPC: a short write'), { code: 'ENOSPC' });
    return written;
  } catch (error) {
    ftruncateSync(file, sizeBytes);
    throw error;
  }
}

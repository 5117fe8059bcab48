// A write as one line of JSON; a metric's line is put together by hand, because it is the hot path.
import type { MetricWrite, Write } from '../../model/write.ts';
import { numberText } from './number-text.ts';

/** Quoting a key costs more than the rest of the line; a job uses few keys, and some use a thousand runs. What is thrown away here grows the young generation. */
const QUOTED_LIMIT = 10_000;
const quoted = new Map<string, string>();
let lastTime = { ms: 0, text: '0' };

/** Turns a write into its JSON text, without a line feed. */
export function encodeWrite(write: Write): string {
  if (write.kind === 'metric') return encodeMetric(write);
  return write.kind === 'attributes' ? JSON.stringify(write, spellNumber) : JSON.stringify(write);
}

/** For JSON.stringify: NaN and the infinities as the texts that Number() reads back. */
export function spellNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** Reads one line of the journal back. */
export function decodeWrite(line: string): Write {
  // A cast, because the line's CRC says that encodeWrite made it.
  return JSON.parse(line) as Write;
}

function encodeMetric(write: MetricWrite): string {
  const { value } = write;
  // JSON would turn a bare NaN into null; upstream sends such values as text, and a number that slips through is not lost.
  const number = typeof value === 'number' && Number.isFinite(value) ? numberText(value) : `"${value}"`;
  const model = write.modelKey === undefined ? '' : `,"modelKey":${quote(write.modelKey)}`;
  return `{"kind":"metric","runKey":${quote(write.runKey)},"key":${quote(write.key)},"value":${number},"timestampMs":${timeText(write.timestampMs)},"step":${numberText(write.step)}${model}}`;
}

/** Points of one turn have the same time more often than not. */
function timeText(timestampMs: number): string {
  if (timestampMs !== lastTime.ms) lastTime = { ms: timestampMs, text: numberText(timestampMs) };
  return lastTime.text;
}

function quote(text: string): string {
  const known = quoted.get(text);
  if (known !== undefined) return known;
  if (quoted.size >= QUOTED_LIMIT) quoted.clear();
  const made = JSON.stringify(text);
  quoted.set(text, made);
  return made;
}

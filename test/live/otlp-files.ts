// What the real Collector wrote to its files: the spans and log records of one service, with plain attributes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };
export type PlainAttributes = Readonly<Record<string, Plain>>;

export interface WrittenSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly statusCode: number;
  readonly attributes: PlainAttributes;
}

export interface WrittenLog {
  readonly traceId: string;
  readonly spanId: string;
  readonly severityNumber: number;
  readonly severityText: string;
  /** As JSON where it is no text. */
  readonly body: string;
  readonly attributes: PlainAttributes;
}

export interface Written {
  readonly spans: readonly WrittenSpan[];
  readonly logs: readonly WrittenLog[];
}

interface Value {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly Value[] };
  readonly kvlistValue?: { readonly values?: readonly Attribute[] };
}
interface Attribute {
  readonly key: string;
  readonly value: Value;
}
interface Resource {
  readonly resource: { readonly attributes?: readonly Attribute[] };
}
interface Request {
  readonly resourceSpans?: readonly (Resource & {
    readonly scopeSpans: readonly { readonly spans: readonly Raw<WrittenSpan>[] }[];
  })[];
  readonly resourceLogs?: readonly (Resource & {
    readonly scopeLogs: readonly { readonly logRecords: readonly Raw<WrittenLog>[] }[];
  })[];
}
/** As OTLP has it in JSON: what is zero or empty is left out. */
type Raw<T> = Omit<Partial<T>, 'attributes' | 'body'> & {
  readonly attributes?: readonly Attribute[];
  readonly body?: Value;
  readonly status?: { readonly code?: number };
};

function toPlain(value: Value): Plain {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue } = value;
  if (arrayValue !== undefined) return (arrayValue.values ?? []).map(toPlain);
  if (kvlistValue !== undefined) return toAttributes(kvlistValue.values);
  if (intValue !== undefined) return Number(intValue);
  return stringValue ?? boolValue ?? doubleValue ?? null;
}

export function toAttributes(attributes: readonly Attribute[] = []): PlainAttributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, toPlain(value)]));
}

/** The lines of a file and of those that were rotated away from it. */
function readRequests(folder: string, name: string): readonly Request[] {
  const files = readdirSync(folder).filter((file) => file.startsWith(name));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return texts.flatMap((text) => (text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as Request)));
}

/** Everything of the service of this name that lies in a Collector's folder, in the order in which it came. */
export function readWritten(folder: string, serviceName: string): Written {
  const isOurs = ({ resource }: Resource): boolean => toAttributes(resource.attributes)['service.name'] === serviceName;
  const spans = readRequests(folder, 'traces')
    .flatMap(({ resourceSpans = [] }) => resourceSpans.filter(isOurs))
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  const logs = readRequests(folder, 'logs')
    .flatMap(({ resourceLogs = [] }) => resourceLogs.filter(isOurs))
    .flatMap(({ scopeLogs }) => scopeLogs.flatMap((scope) => scope.logRecords));
  return { spans: spans.map(toSpan), logs: logs.map(toLog) };
}

function toSpan(span: Raw<WrittenSpan>): WrittenSpan {
  const { traceId = '', spanId = '', parentSpanId = '', name = '', status, attributes } = span;
  return { traceId, spanId, parentSpanId, name, statusCode: status?.code ?? 0, attributes: toAttributes(attributes) };
}

function toLog(log: Raw<WrittenLog>): WrittenLog {
  const { traceId = '', spanId = '', severityNumber = 0, severityText = '', body = {}, attributes } = log;
  const plain = toPlain(body);
  const text = typeof plain === 'string' ? plain : JSON.stringify(plain);
  return { traceId, spanId, severityNumber, severityText, body: text, attributes: toAttributes(attributes) };
}

// Log records as the body of one OTLP/JSON request, written straight as text: byte for byte what @opentelemetry/otlp-transformer writes,
// which makes some thirty objects a record first. Records of one job are much alike, so what was written last is remembered.
import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { RequestSerializer } from './otlp-senders.ts';

type Resource = ReadableLogRecord['resource'];
type Scope = ReadableLogRecord['instrumentationScope'];

/** Says what JsonLogsSerializer of the SDK says. */
export const logJsonSerializer: RequestSerializer<ReadableLogRecord> = {
  serializeRequest: (records) => {
    const body = new Body(records.length * RECORD_BYTES);
    writeRequest(records, body);
    return body.toBytes();
  },
};

/** A record with a few attributes; a batch that needs more takes more. */
const RECORD_BYTES = 1_024;
/** Texts of this length are put together in memory that is still warm; one text of the whole body takes twice as long (measured). */
const CHUNK_CHARS = 16_384;
/** Of UTF-8, for one unit of UTF-16. */
const MAX_BYTES_PER_CHAR = 3;

/** The bytes of one request. */
class Body {
  #bytes: Buffer;
  #length = 0;
  #text = '';

  constructor(bytes: number) {
    this.#bytes = Buffer.allocUnsafe(bytes);
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= CHUNK_CHARS) this.#write();
  }

  toBytes(): Uint8Array {
    this.#write();
    return this.#bytes.subarray(0, this.#length);
  }

  #write(): void {
    const most = this.#length + this.#text.length * MAX_BYTES_PER_CHAR;
    if (most > this.#bytes.length) this.#grow(most);
    this.#length += this.#bytes.write(this.#text, this.#length);
    this.#text = '';
  }

  #grow(least: number): void {
    const larger = Buffer.allocUnsafe(Math.max(least, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function writeRequest(records: readonly ReadableLogRecord[], body: Body): void {
  const resources = new Map<Resource, Map<Scope, ReadableLogRecord[]>>();
  for (const record of records) {
    const { resource, instrumentationScope: scope } = record;
    let scopes = resources.get(resource);
    if (scopes === undefined) resources.set(resource, (scopes = new Map()));
    const ofScope = scopes.get(scope);
    if (ofScope === undefined) scopes.set(scope, [record]);
    else ofScope.push(record);
  }
  body.add('{"resourceLogs":[');
  let comma = '';
  for (const [resource, scopes] of resources) {
    const url = resource.schemaUrl ? `,"schemaUrl":${JSON.stringify(resource.schemaUrl)}` : '';
    const own = `{"attributes":${writeAttributes(resource.attributes)},"droppedAttributesCount":0${url}}`;
    body.add(`${comma}{"resource":${own},"scopeLogs":[`);
    writeScopes(scopes, body);
    body.add(`]${url}}`);
    comma = ',';
  }
  body.add(']}');
}

function writeScopes(scopes: ReadonlyMap<Scope, readonly ReadableLogRecord[]>, body: Body): void {
  let comma = '';
  for (const [scope, records] of scopes) {
    body.add(`${comma}{"scope":${writeScope(scope)},"logRecords":[`);
    comma = '';
    for (const record of records) {
      body.add(comma + writeRecord(record));
      comma = ',';
    }
    body.add(`]${writeOptional('schemaUrl', scope.schemaUrl)}}`);
    comma = ',';
  }
}

function writeScope({ name, version, attributes = {}, droppedAttributesCount = 0 }: Scope): string {
  const what =
    Object.keys(attributes).length === 0
      ? ''
      : `,"attributes":${writeAttributes(attributes)},"droppedAttributesCount":${droppedAttributesCount}`;
  return `{"name":${JSON.stringify(name)}${writeOptional('version', version)}${what}}`;
}

function writeRecord(record: ReadableLogRecord): string {
  const { severityNumber, severityText, eventName } = record;
  return (
    `{"timeUnixNano":"${writeTime(record.hrTime)}","observedTimeUnixNano":"${writeObservedTime(record.hrTimeObserved)}"` +
    (severityNumber === undefined ? '' : `,"severityNumber":${severityNumber}`) +
    writeOptional('severityText', severityText) +
    `,"body":${writeValue(record.body)}${writeOptional('eventName', eventName)},"attributes":${writeAttributes(record.attributes)}` +
    `,"droppedAttributesCount":${record.droppedAttributesCount}${writeIds(record.spanContext)}}`
  );
}

let lastContext: SpanContext | undefined;
let lastIds = '';

function writeIds(context: SpanContext | undefined): string {
  if (context === lastContext) return lastIds;
  lastContext = context;
  lastIds =
    context === undefined
      ? ''
      : `,"flags":${context.traceFlags},"traceId":"${context.traceId}","spanId":"${context.spanId}"`;
  return lastIds;
}

const NANOS_PER_S = 1_000_000_000n;

/** Lines of our logger have whole milliseconds: many in a row are of the same. */
function createTimeWriter(): (time: HrTime) => string {
  let lastSeconds = 0;
  let lastNanos = 0;
  let last = '0';
  return ([seconds, nanos]) => {
    if (seconds !== lastSeconds || nanos !== lastNanos) {
      last = String(BigInt(Math.trunc(seconds)) * NANOS_PER_S + BigInt(Math.trunc(nanos)));
      lastSeconds = seconds;
      lastNanos = nanos;
    }
    return last;
  };
}

const writeTime = createTimeWriter();
const writeObservedTime = createTimeWriter();

function writeOptional(name: string, text: string | undefined): string {
  return text === undefined ? '' : `,"${name}":${JSON.stringify(text)}`;
}

/** What was written of one name. */
interface Written {
  /** `{"key":…,"value":` */
  readonly beginning: string;
  lastText: string;
  /** The whole attribute, where its value is the last text. */
  last: string;
}

const written = new Map<string, Written>();
/** A job has few names; one that makes new ones all the time starts anew. */
const MAX_NAMES = 1_000;
/** Longer texts are seldom the same, and are not held. */
const MAX_REMEMBERED_CHARS = 256;

function writeAttributes(attributes: object): string {
  let text = '[';
  for (const key of Object.keys(attributes)) {
    if (text !== '[') text += ',';
    // The cast: an object with string keys.
    text += writeAttribute(key, (attributes as Readonly<Record<string, unknown>>)[key]);
  }
  return `${text}]`;
}

function writeAttribute(key: string, value: unknown): string {
  const before = written.get(key) ?? remember(key);
  if (typeof value !== 'string' || value.length > MAX_REMEMBERED_CHARS)
    return `${before.beginning}${writeValue(value)}}`;
  if (value !== before.lastText) {
    before.last = `${before.beginning}${writeValue(value)}}`;
    before.lastText = value;
  }
  return before.last;
}

function remember(key: string): Written {
  const beginning = `{"key":${JSON.stringify(key)},"value":`;
  const made = { beginning, lastText: '', last: `${beginning}${writeValue('')}}` };
  if (written.size >= MAX_NAMES) written.clear();
  written.set(key, made);
  return made;
}

function writeValue(value: unknown): string {
  if (typeof value === 'string') return `{"stringValue":${JSON.stringify(value)}}`;
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return `{"intValue":${value}}`;
    return `{"doubleValue":${Number.isFinite(value) ? value : 'null'}}`;
  }
  if (typeof value === 'boolean') return `{"boolValue":${value}}`;
  if (value instanceof Uint8Array) return `{"bytesValue":"${Buffer.from(value).toString('base64')}"}`;
  if (Array.isArray(value)) return `{"arrayValue":{"values":[${value.map(writeValue).join(',')}]}}`;
  if (typeof value === 'object' && value !== null) return `{"kvlistValue":{"values":${writeAttributes(value)}}}`;
  return '{}';
}

// Makes what two servers said equal where it may differ: ids by order of appearance, today's times, made-up names, addresses.
import type { Json } from './operation.ts';

const ID = /[0-9a-f]{32}|(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])/g;
/** Of pictures and webhooks, which are known by more. */
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** Milliseconds from 2025 on: the script's own times are older. */
const TODAY = /\b1[789]\d{11}\b/g;
/** MLflow's random names of runs. */
const RANDOM_NAME = /^[a-z]+-[a-z]+-\d{1,4}$/;

/** Lists that MLflow gives in the order of ids of its own, or of its database; the answers of methods are among them. */
const UNORDERED: ReadonlySet<string> = new Set([
  'datasetInputs',
  'getDatasetExperimentIds',
  'latestVersions',
  'modelInputs',
  'modelOutputs',
]);

/** What Python measures of its own objects, knows of its own machine, or notes behind its caller's back. */
const OF_CLIENT = /^mlflow\.(trace\.size|source\.)|^_mlflow_experiment_ids$/;
/** Where a logged model says which versions were made of it: Python's client says so of each twice. */
const VERSIONS_TAG = 'mlflow.modelVersions';
/** Files whose bytes are each client's own: pictures, and texts where Python writes `\u00fc` for `ü`. */
const OWN_BYTES = /\.(png|webp|json|ya?ml)$/;

/** One server's words for what every server has. */
export class Canonical {
  readonly #numbers = new Map<string, string>();
  readonly #addresses: readonly string[];
  readonly #renamed: ReadonlyMap<string, string>;

  /**
   * @param addresses the server's own address and folders
   * @param renamed what the other side calls something: a folder of runs gives experiments ids of chance
   */
  constructor(addresses: readonly string[], renamed: ReadonlyMap<string, string> = new Map()) {
    this.#addresses = addresses;
    this.#renamed = renamed;
  }

  /** The same value in words that both servers share; keys sorted, what is empty or absent left out. */
  of(value: Json): Json {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value === 'number')
      return value > 1.73e12 && value < 2e12 && Number.isInteger(value) ? '<today>' : value;
    if (Array.isArray(value)) return (value as readonly Json[]).map((each) => this.of(each));
    if (typeof value !== 'object' || value === null) return value;
    const given = value as Readonly<Record<string, Json>>;
    const { [VERSIONS_TAG]: versions, path } = given;
    if (typeof versions === 'string') return this.of({ ...given, [VERSIONS_TAG]: once(versions) });
    const hasOwnBytes = typeof path === 'string' && OWN_BYTES.test(path);
    const fields = Object.entries(given)
      // the digest of an evaluation dataset is made of the time
      .filter(([key]) => key !== 'digest' || !('datasetId' in value))
      .filter(([key]) => key !== 'fileSize' || !hasOwnBytes)
      .filter(([key]) => !OF_CLIENT.test(key))
      .filter(([key, each]) => key !== 'fileSize' || each !== 0) // proxies leave it out
      .filter(([, each]) => each !== null && each !== undefined && each !== '')
      .map(([key, each]) => [this.#text(key), UNORDERED.has(key) ? sorted(this.of(each)) : this.of(each)] as const);
    return Object.fromEntries(fields.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #text(text: string): string {
    let here = this.#addresses.reduce((rest, address) => rest.replaceAll(address, '<server>'), text);
    for (const [mine, other] of this.#renamed) here = here.replaceAll(mine, other);
    if (RANDOM_NAME.test(here)) return '<random name>';
    return here
      .replaceAll(UUID, '<uuid>')
      .replaceAll(ID, (id) => this.#number(id))
      .replaceAll(TODAY, '<today>');
  }

  #number(id: string): string {
    const number = this.#numbers.get(id) ?? `#${this.#numbers.size + 1}`;
    this.#numbers.set(id, number);
    return number;
  }
}

function sorted(list: Json): Json {
  if (!Array.isArray(list)) return list;
  return (list as readonly Json[]).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** The list that a tag holds, each version once. */
function once(tag: string): Json {
  const versions = JSON.parse(tag) as readonly { readonly name: string; readonly version: unknown }[]; // MLflow's own tag
  return [...new Set(versions.map(({ name, version }) => `${name} ${String(version)}`))];
}

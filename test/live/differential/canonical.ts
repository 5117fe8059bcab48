// Makes what two servers said equal where it may differ: ids by order of appearance, today's times, made-up names, addresses.
import type { Json } from './operation.ts';

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}/g;
/** Milliseconds from 2025 on: the script's own times are older. */
const TODAY = /\b1[789]\d{11}\b/g;
/** MLflow's random names of runs. */
const RANDOM_NAME = /^[a-z]+-[a-z]+-\d{1,3}$/;

/** Lists of a run that MLflow gives in the order of ids of its own. */
const UNORDERED: ReadonlySet<string> = new Set(['datasetInputs', 'modelInputs', 'modelOutputs']);

/** One server's words for what every server has. */
export class Canonical {
  readonly #numbers = new Map<string, string>();
  readonly #addresses: readonly string[];

  /** @param addresses the server's own address and folders */
  constructor(addresses: readonly string[]) {
    this.#addresses = addresses;
  }

  /** The same value in words that both servers share; keys sorted, what is empty or absent left out. */
  of(value: Json): Json {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value === 'number')
      return value > 1.73e12 && value < 2e12 && Number.isInteger(value) ? '<today>' : value;
    if (Array.isArray(value)) return (value as readonly Json[]).map((each) => this.of(each));
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.entries(value as Readonly<Record<string, Json>>)
      // the digest of an evaluation dataset is made of the time
      .filter(([key]) => key !== 'digest' || !('datasetId' in value))
      .filter(([, each]) => each !== null && each !== undefined && each !== '')
      .map(([key, each]) => [this.#text(key), UNORDERED.has(key) ? sorted(this.of(each)) : this.of(each)] as const);
    return Object.fromEntries(fields.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #text(text: string): string {
    const here = this.#addresses.reduce((rest, address) => rest.replaceAll(address, '<server>'), text);
    if (RANDOM_NAME.test(here)) return '<random name>';
    return here.replaceAll(ID, (id) => this.#number(id)).replaceAll(TODAY, '<today>');
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

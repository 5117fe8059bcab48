// Resolving `${…}` in one configuration, lazily: a value is looked up where it stands, in the merged root, once.
import type { RunspanError } from '../../errors.ts';
import { builtIns } from './built-in-resolvers.ts';
import { configError } from './config-errors.ts';
import { entriesOf, formatPath, isContainer, MISSING } from './config-values.ts';
import type { Config, ConfigValue, Container, KeyPath } from './config-values.ts';
import { Budget, checkKey, copyValue, setValue } from './copy-config.ts';
import { GrammarFault, parseTemplate } from './interpolation-grammar.ts';
import type { Element, InterpolationPart, NodePart, Part, ResolverPart } from './interpolation-grammar.ts';
import { splitKey } from './key-path.ts';
import { placeOf } from './places.ts';
import { printValue } from './python-text.ts';
import { findResolver } from './resolvers.ts';
import { isSecretPath, Secrets } from './secrets.ts';
import { ancestorOf, childOf, decodeMissing, pathOf, readWord, resultAt } from './spots.ts';
import type { Lookup, Spot } from './spots.ts';
import { isError } from '../../model/any-realm.ts';

/** How deep one value may lead to another, each link and each container one step: JavaScript's stack bears several times this. */
const MAX_STEPS = 400;
const MAX_TEXT_LENGTH = 1024 * 1024;
const MAX_TEXTS_LENGTH = 16 * MAX_TEXT_LENGTH;

/** What an interpolation may ask of the world. */
export interface InterpolationOptions {
  /** Looks a variable of the environment up. @default none is there */
  readonly env?: (name: string) => string | undefined;
  /** What cached resolvers have answered for this configuration. */
  readonly cache?: Map<string, ConfigValue>;
}

/** The interpolations of one configuration, which is not changed; made for one look at it. */
export class Interpolation implements Lookup {
  /** What the errors of this configuration may not show. */
  readonly secrets: Secrets = new Secrets();
  readonly #root: Spot;
  readonly #env: (name: string) => string | undefined;
  readonly #cache: Map<string, ConfigValue>;
  readonly #budget = new Budget();
  /** Resolved places; undefined while one is being resolved. */
  readonly #resolved = new Map<object, Map<string | number, Spot | undefined>>();
  readonly #open = new Set<object>();
  #stepCount = 0;
  #textsLength = 0;

  constructor(root: Config | Container, options: InterpolationOptions = {}) {
    this.#root = { value: root, isResult: false };
    this.#env = options.env ?? ((): undefined => undefined);
    this.#cache = options.cache ?? new Map<string, ConfigValue>();
  }

  /**
   * Returns the whole configuration with every interpolation resolved.
   *
   * @throws {RunspanError} `INVALID_CONFIG` that names the path of the value that cannot be resolved
   */
  resolveAll(): Container {
    return this.toPlain(this.#root) as Container; // a container's copy is one
  }

  /** The mapping or list that stands behind the interpolation at a path; undefined where it is a scalar or cannot be resolved yet. */
  findContainer(path: KeyPath): Container | undefined {
    const start = path.reduce<Spot | undefined>((spot, key) => spot && childOf(spot, key), this.#root);
    try {
      const target = start && this.follow(start);
      return isContainer(target?.value) ? target.value : undefined;
    } catch {
      return undefined; // as OmegaConf: a later configuration may bring what is missing, and toObject says what does not
    }
  }

  /** Returns where a value leads to: itself, or what its interpolation stands for. */
  follow(spot: Spot): Spot {
    const { value, parent, key } = spot;
    if (spot.isResult || typeof value !== 'string' || !value.includes('${')) return spot;
    if (parent === undefined || key === undefined) return spot;
    const container = parent.value as object; // a spot with a parent lies in its container
    let known = this.#resolved.get(container);
    if (known === undefined) this.#resolved.set(container, (known = new Map()));
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.has(key)) throw this.fail(spot, 'its interpolation leads back to itself', 'Break the circle.');
    known.set(key, undefined);
    try {
      const target = this.#step(spot, () => this.#evaluate(value, spot));
      if (isSecretPath(pathOf(spot))) this.secrets.add(target.value);
      known.set(key, target);
      return target;
    } catch (error) {
      known.delete(key);
      throw error;
    }
  }

  toPlain(spot: Spot): ConfigValue {
    const target = this.follow(spot);
    const { value } = target;
    this.#budget.spend(pathOf(spot));
    if (!isContainer(value)) return typeof value === 'string' && !target.isResult ? decodeMissing(value) : value;
    if (this.#open.has(value)) throw this.fail(spot, 'it contains itself', 'Break the circle.');
    this.#open.add(value);
    try {
      return this.#step(spot, () => this.#copyContainer(value, target));
    } finally {
      this.#open.delete(value);
    }
  }

  select(path: string, spot: Spot): Spot | undefined {
    const dots = /^\.*/.exec(path)?.[0].length ?? 0;
    let current = dots === 0 ? this.#root : ancestorOf(spot, dots);
    for (const key of dots === path.length ? [] : splitKey(path.slice(dots))) {
      const container = current && this.follow(current);
      current = container && childOf(container, key);
    }
    const found = current && this.follow(current);
    return found === undefined || isMissing(found) ? undefined : found;
  }

  readVariable(name: string): string | undefined {
    const text = this.#env(name);
    if (text !== undefined && isSecretPath([name])) this.secrets.add(text);
    return text;
  }

  readElement(element: Element, spot: Spot): ConfigValue {
    switch (element.kind) {
      case 'quoted':
        return this.#join(element.parts, spot);
      case 'list':
        return element.items.map((item) => this.readElement(item, spot));
      case 'mapping':
        return this.#readEntries(element.entries, spot);
      default: {
        const [part] = element.parts;
        if (element.parts.length > 1 || part === undefined) return this.#join(element.parts, spot);
        if (typeof part !== 'string') return this.toPlain(this.#evaluatePart(part, spot));
        return element.isTyped ? readWord(part) : part;
      }
    }
  }

  fail(spot: Spot, reason: string, mend: string): RunspanError {
    const { value } = this.#root;
    if (isContainer(value)) this.secrets.addSecretsOf(value);
    const path = pathOf(spot);
    const place = spot.parent && spot.key !== undefined ? placeOf(spot.parent.value as object, spot.key) : undefined;
    return configError({ path, place, reason: this.secrets.mask(reason), mend });
  }

  #evaluate(text: string, spot: Spot): Spot {
    const parts = this.parse(() => parseTemplate(text), spot);
    const [part] = parts;
    if (parts.length === 1 && part !== undefined && typeof part !== 'string') return this.#evaluatePart(part, spot);
    return resultAt(spot, this.#join(parts, spot));
  }

  parse<T>(parser: () => T, spot: Spot): T {
    try {
      return parser();
    } catch (error) {
      if (!(error instanceof GrammarFault)) throw error;
      const reason = `its interpolation is not well-formed at character ${error.position}`;
      throw this.fail(spot, reason, `Write ${error.expected} there, or \\\${ for a text.`);
    }
  }

  #evaluatePart(part: InterpolationPart, spot: Spot): Spot {
    return this.#step(spot, () => (part.kind === 'node' ? this.#find(part, spot) : this.#call(part, spot)));
  }

  #join(parts: readonly Part[], spot: Spot): string {
    let text = '';
    for (const part of parts) {
      text += typeof part === 'string' ? part : printValue(this.toPlain(this.#evaluatePart(part, spot)));
      if (text.length > MAX_TEXT_LENGTH)
        throw this.fail(spot, 'its text becomes longer than 1 MiB', 'Interpolate less.');
    }
    this.#textsLength += text.length;
    if (this.#textsLength > MAX_TEXTS_LENGTH)
      throw this.fail(spot, 'the texts become longer than 16 MiB', 'Interpolate less.');
    return text;
  }

  #find({ dots, keys }: NodePart, spot: Spot): Spot {
    const path = keys.flatMap((key) => this.#expandKey(key, spot));
    const shown = '.'.repeat(dots) + formatPath(path);
    let current = dots === 0 ? this.#root : ancestorOf(spot, dots);
    if (current === undefined) throw this.fail(spot, `'${shown}' leads out of the configuration`, 'Take dots away.');
    for (const [at, key] of path.entries()) {
      const container = this.follow(current);
      if (isMissing(container)) throw this.#failMissing(spot, shown);
      const child = childOf(container, key);
      if (child === undefined)
        throw this.fail(
          spot,
          `there is no '${'.'.repeat(dots) + formatPath(path.slice(0, at + 1))}'`,
          'Add it, or mend the path.',
        );
      current = child;
    }
    const target = this.follow(current);
    if (isMissing(target)) throw this.#failMissing(spot, shown);
    return target;
  }

  #failMissing(spot: Spot, shown: string): RunspanError {
    return this.fail(spot, `'${shown}' is '${MISSING}', which somebody still has to give`, 'Give it a value.');
  }

  #expandKey(key: Part, spot: Spot): readonly string[] {
    if (typeof key === 'string') return [key];
    const value = this.toPlain(this.#evaluatePart(key, spot));
    if (typeof value === 'string') return splitKey(value);
    if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) return [String(value)];
    throw this.fail(
      spot,
      'a part of its path is no text and no whole number',
      'Mend what the inner interpolation leads to.',
    );
  }

  #call({ name, args }: ResolverPart, spot: Spot): Spot {
    const resolverName = name.map((part) => (typeof part === 'string' ? part : this.#join([part], spot))).join('.');
    const values = args.map((arg) => this.readElement(arg, spot));
    const custom = findResolver(resolverName);
    if (custom !== undefined) {
      const cacheKey = JSON.stringify([resolverName, values], (_, value: unknown) =>
        typeof value === 'bigint' ? `${value}n` : value,
      );
      const cached = custom.useCache ? this.#cache.get(cacheKey) : undefined;
      if (cached !== undefined) return resultAt(spot, cached);
      const value = this.#callCustom(() => custom.resolve(...values), resolverName, spot);
      if (custom.useCache) this.#cache.set(cacheKey, value);
      return resultAt(spot, value);
    }
    const builtIn = Object.hasOwn(builtIns, resolverName) ? builtIns[resolverName] : undefined;
    if (builtIn === undefined)
      throw this.fail(spot, `there is no resolver '${resolverName}'`, 'Register it, or mend its name.');
    return builtIn(values, { interpolation: this, spot });
  }

  #callCustom(resolve: () => unknown, name: string, spot: Spot): ConfigValue {
    let value: unknown;
    try {
      value = resolve();
    } catch (error) {
      // Its error may hold its arguments, so its words are masked and it does not go on as the cause.
      const words = isError(error) ? error.message : String(error);
      throw this.fail(spot, `its resolver '${name}' threw: ${words}`, 'Mend the resolver or its arguments.');
    }
    if (value instanceof Promise) value.catch(() => undefined); // the error below says enough
    if (value === MISSING) throw this.#failMissing(spot, `what '${name}' returned`);
    try {
      return copyValue(value, { path: pathOf(spot), budget: this.#budget });
    } catch {
      throw this.fail(spot, `its resolver '${name}' returned no plain data`, 'Return texts, numbers, lists, mappings.');
    }
  }

  #readEntries(entries: readonly (readonly [Element, Element])[], spot: Spot): ConfigValue {
    const mapping: Container = {};
    for (const [key, value] of entries) {
      const name = printValue(this.readElement(key, spot));
      checkKey(name, pathOf(spot));
      setValue(mapping, name, this.readElement(value, spot));
    }
    return mapping;
  }

  #copyContainer(value: Container, spot: Spot): ConfigValue {
    const copy: Container = Array.isArray(value) ? [] : {};
    for (const [key] of entriesOf(value)) {
      const child = childOf(spot, key);
      if (child !== undefined) setValue(copy, key, this.toPlain(child));
    }
    return copy;
  }

  #step<T>(spot: Spot, action: () => T): T {
    if (this.#stepCount >= MAX_STEPS)
      throw this.fail(spot, `its interpolations lead on for more than ${MAX_STEPS} steps`, 'Shorten the chain.');
    this.#stepCount += 1;
    try {
      return action();
    } finally {
      this.#stepCount -= 1;
    }
  }
}

function isMissing({ value, isResult }: Spot): boolean {
  return value === MISSING && !isResult;
}

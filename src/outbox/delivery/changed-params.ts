// Params that a run has with another value: the last one in tag `param.<key>`, all of them in their order in `param.<key>.history`.
import type { RunData, Tag } from '../../model/entities.ts';
import { countCodePoints, MAX_TAG_VALUE_LENGTH, takeCodePoints } from '../../model/limits.ts';
import { mendKey } from '../../model/mend.ts';

/** Of a longer value so much is in the history. */
const MAX_ENTRY_LENGTH = 1000;
/** Stands for values that had no room. */
const LEFT_OUT = '…';

/** Whether a run has params with another value than they were first given. */
export function hasChangedParams({ params, tags }: Pick<RunData, 'params' | 'tags'>): boolean {
  return Object.keys(tags).some((tag) => tag.startsWith('param.') && Object.hasOwn(params, tag.slice('param.'.length)));
}

/** The name of the tag that has a changed param's last value; a key at its limit has no room for the prefix. */
export function changedParamTag(key: string): string {
  return mendKey(`param.${key}`).key;
}

/** The params of one run, with what became of them. */
export class ChangedParams {
  readonly #tags: RunData['tags'];
  readonly #params: Map<string, string>;
  readonly #histories = new Map<string, string[]>();
  /** The last value of each that was given here. */
  readonly #current = new Map<string, string>();
  /** How far of each history was given again by records that are sent once more. */
  readonly #replayed = new Map<string, number>();

  constructor({ params, tags }: Pick<RunData, 'params' | 'tags'>) {
    this.#params = new Map(Object.entries(params));
    this.#tags = tags;
  }

  /** The value that a param was first given; undefined where it is new, and it is this one from now on. */
  firstValue(key: string, value: string): string | undefined {
    const first = this.#params.get(key);
    if (first === undefined) this.#params.set(key, value);
    return first;
  }

  /**
   * Takes another value of a param, and gives the tags that say so; none where it has this value already.
   *
   * @param isReplayed the record may have been delivered before: a value that is in the history from then is not added again
   */
  change(key: string, { value, isReplayed }: { readonly value: string; readonly isReplayed: boolean }): readonly Tag[] {
    const history = this.#historyOf(key);
    const entry = cut(value);
    const last = { key: changedParamTag(key), value };
    const current = this.#current.get(key) ?? this.#tags[last.key] ?? this.#params.get(key);
    this.#current.set(key, value);
    const at = isReplayed ? history.indexOf(entry, this.#replayed.get(key) ?? 0) : -1;
    if (at >= 0) {
      this.#replayed.set(key, at + 1);
      return history.length > 1 ? [last] : [];
    }
    if (current === value) return [];
    history.push(entry);
    return [last, { key: historyTag(key), value: fit(history) }];
  }

  #historyOf(key: string): string[] {
    const history = this.#histories.get(key) ?? this.#readHistory(key);
    this.#histories.set(key, history);
    return history;
  }

  /** A version before this one kept the last value only. */
  #readHistory(key: string): string[] {
    const first = cut(this.#params.get(key) ?? '');
    const kept = parse(this.#tags[historyTag(key)]);
    if (kept !== undefined) return kept;
    const last = this.#tags[changedParamTag(key)];
    return last === undefined ? [first] : [first, cut(last)];
  }
}

function historyTag(key: string): string {
  return mendKey(`param.${key}.history`).key;
}

function parse(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  try {
    const values: unknown = JSON.parse(text);
    return Array.isArray(values) ? values.map(String) : undefined;
  } catch {
    return undefined; // somebody else's tag of this name
  }
}

/** As JSON within the limit of a tag: the first value and as many of the last as there is room for. */
function fit([first = '', ...later]: readonly string[]): string {
  let text = JSON.stringify([first, ...later]);
  for (let from = 1; countCodePoints(text) > MAX_TAG_VALUE_LENGTH && from < later.length; from += 1)
    text = JSON.stringify([first, LEFT_OUT, ...later.slice(from)]);
  return text;
}

function cut(value: string): string {
  return countCodePoints(value) <= MAX_ENTRY_LENGTH
    ? value
    : `${takeCodePoints(value, MAX_ENTRY_LENGTH - 1)}${LEFT_OUT}`;
}

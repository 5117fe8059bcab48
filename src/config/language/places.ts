// Where each value of a configuration stands in its file, for messages: kept beside the plain data, not in it.

/** A place in a text. */
export interface Place {
  /** As it was named: a file, or what the caller calls the text. */
  readonly file: string;
  /** From 1; undefined where the language's parser does not say. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
}

const placesByContainer = new WeakMap<object, Map<string | number, Place>>();

/** Remembers where the value under a key was read. */
export function setPlace(container: object, key: string | number, place: Place): void {
  let places = placesByContainer.get(container);
  if (places === undefined) placesByContainer.set(container, (places = new Map()));
  places.set(key, place);
}

/** Where the value under a key was read; undefined where it came from code. */
export function placeOf(container: object, key: string | number): Place | undefined {
  return placesByContainer.get(container)?.get(key);
}

/** Takes the place along where a value is copied. */
export function copyPlace(from: object, to: object, key: string | number): void {
  const place = placeOf(from, key);
  if (place !== undefined) setPlace(to, key, place);
}

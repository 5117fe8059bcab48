// A number as text on the hot path, without V8's cache of such texts.

/**
 * A finite number as JavaScript spells it, -0 included. A template would say the same, but V8 keeps the texts that it makes for one in a cache of
 * some hundred kilobytes: where all numbers differ, as steps do, it is full of young strings at every turn of the garbage collector, which
 * takes so many survivors for a reason to give the young generation all the room there is.
 */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : JSON.stringify(value);
}

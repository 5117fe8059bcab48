// Paths as texts: `a.b[0]`, in a dotlist, an argument of a resolver and the value of a nested interpolation.

const ESCAPABLE = '.[]=';

/**
 * Splits a path into its keys; a backslash takes the meaning of `.`, `[`, `]` and `=`.
 *
 * @example
 * splitKey('a.b[0]'); // ['a', 'b', '0']
 */
export function splitKey(path: string): readonly string[] {
  const keys: string[] = [];
  let key = '';
  let isBracket = false;
  let isAfterBracket = false;
  for (let at = 0; at < path.length; at++) {
    const char = path.charAt(at);
    const next = path.charAt(at + 1);
    if (char === '\\' && next !== '' && ESCAPABLE.includes(next)) {
      key += next;
      at += 1;
    } else if (isBracket ? char === ']' : char === '.' || char === '[') {
      const isEmptyHead = key === '' && (isAfterBracket || (char === '[' && at === 0));
      if (isBracket || !isEmptyHead) keys.push(key);
      key = '';
      isAfterBracket = isBracket;
      isBracket = char === '[';
    } else key += char;
  }
  if (!isBracket && !(isAfterBracket && key === '')) keys.push(key);
  return keys;
}

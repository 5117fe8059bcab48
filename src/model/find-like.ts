// The name that somebody meant by one that there is not.

/** A shorter part of a name is in too many of them. */
const MIN_PART_LENGTH = 4;
/** Two letters that changed places, or one too many and one too few. */
const MAX_DISTANCE = 2;
const MAX_LENGTH = 100;

/**
 * Returns the known name that a wrong one is most like: another spelling of it, a slip of the hand, else the beginning or end of it.
 *
 * @example
 * findLike('experiment', ['trackingUri', 'experimentName']); // 'experimentName'
 * findLike('levle', ['level', 'sink']); // 'level'
 */
export function findLike(name: string, known: readonly string[]): string | undefined {
  return findNear(name, known) ?? known.find((candidate) => isPart(plain(name), plain(candidate)));
}

/**
 * Returns what a user may have meant by an unknown name, as a sentence: the known one that it is like, else all there are.
 *
 * @example
 * suggestName('levle', ['level', 'sink']); // "Did you mean 'level'?"
 */
export function suggestName(name: string, known: readonly string[]): string {
  const meant = findLike(name, known);
  return meant === undefined ? `Known are: ${known.join(', ')}.` : `Did you mean '${meant}'?`;
}

/** Returns the known name that a wrong one is another spelling of, or a slip of the hand away from. */
export function findNear(name: string, known: readonly string[]): string | undefined {
  const given = plain(name);
  // Long texts are no slip, and cost the square of their length.
  if (given.length > MAX_LENGTH) return undefined;
  const near = known
    .map((candidate) => ({ candidate, distance: distanceOf(given, plain(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.min(MAX_DISTANCE, (plain(candidate).length - 1) / 2));
  return near.toSorted((a, b) => a.distance - b.distance)[0]?.candidate;
}

function plain(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase();
}

function isPart(one: string, other: string): boolean {
  const [part, whole] = one.length < other.length ? [one, other] : [other, one];
  return part.length >= MIN_PART_LENGTH && (whole.startsWith(part) || whole.endsWith(part));
}

/** How many letters must be put in, taken out or changed. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let at = 0; at < one.length; at++) {
    const next = [at + 1];
    for (let to = 0; to < other.length; to++) {
      const changed = (row[to] ?? 0) + (one[at] === other[to] ? 0 : 1);
      next.push(Math.min(changed, (row[to + 1] ?? 0) + 1, (next[to] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}

// Which names are secret: their words, and the list of last words that decides.

/**
 * The last word or words of a secret's name (DESIGN, promise 6), and the spellings that run together (`PGPASSWORD`, `authtoken`).
 * Plurals of token are not here: `max_tokens` and its like are numbers a job is tuned with.
 */
const SENSITIVE_ENDINGS: readonly string[] = (
  'password,passwords,passwd,passphrase,secret,secrets,token,api key,api keys,access key,access keys,private key,private keys,' +
  'secret key,secret keys,credential,credentials,authorization,cookie,cookies'
).split(',');

/** Names that end in "token" and are hyperparameters or figures: `pad_token`, `bosToken`, `cost_per_token`, `time_to_first_token`. */
const PLAIN_ENDINGS: readonly string[] =
  'bos,eos,pad,unk,unknown,sep,cls,mask,special,stop,start,end,image,per,by,each,next,first,last'
    .split(',')
    .map((kind) => `${kind} token`);

/** Endings inside one word, where a spelling leaves out what parts the words. */
const RUN_TOGETHER =
  /(?:password|passwd|passphrase|apikey|accesskey|privatekey|secretkey|clientsecret|(?:access|auth|refresh|bearer|session)token)s?$/;

/** How many words an ending of the built-in list has at most. */
const MAX_BUILT_IN_WORDS = 2;
/** Names come from the user's own keys; a cache of these many costs little, and more are seldom the same again. */
const MAX_CACHED_COUNT = 5000;
const MAX_NAME_LENGTH = 1000;

/** What the user adds to the list of secret names, and takes from it. */
export interface NameRules {
  /** Last words of names (`'pin'`, `'ssn number'`), or patterns that the whole name is matched with. */
  readonly add?: readonly (string | RegExp)[];
  /** Last words that are no secret: `'token'` lets every token through, `'push token'` only such ones. The longer ending decides. */
  readonly remove?: readonly string[];
}

/**
 * Splits a name into lower-case words: at anything but letters and digits, and in camelCase. Numbers at the end are no word.
 *
 * @example
 * splitWords('dbPassword2'); // ['db', 'password']
 * splitWords('X-API-Key'); // ['x', 'api', 'key']
 */
export function splitWords(name: string): readonly string[] {
  const words = name
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  while (words.length > 1 && /^\p{N}+$/u.test(words.at(-1) ?? '')) words.pop();
  const last = words.pop();
  return last === undefined ? words : [...words, last.replace(/(?<=\p{L})\p{N}+$/u, '')];
}

/**
 * Returns the test for secret names; its answers are cached by name, so that a hot path may ask it.
 *
 * @example
 * const isSensitive = createNameTest({});
 * isSensitive('AWS_SECRET_ACCESS_KEY'); // true
 * isSensitive('max_tokens'); // false
 */
export function createNameTest(rules: NameRules): (name: string) => boolean {
  const verdicts = new Map<string, boolean>();
  for (const ending of SENSITIVE_ENDINGS) verdicts.set(ending, true);
  for (const ending of PLAIN_ENDINGS) verdicts.set(ending, false);
  const added = rules.add ?? [];
  for (const ending of added) if (typeof ending === 'string') verdicts.set(splitWords(ending).join(' '), true);
  for (const ending of rules.remove ?? []) verdicts.set(splitWords(ending).join(' '), false);
  const patterns = added.filter((pattern) => typeof pattern !== 'string').map(toStateless);
  const maxWords = Math.max(MAX_BUILT_IN_WORDS, ...[...verdicts.keys()].map((ending) => ending.split(' ').length));
  const decide = (name: string): boolean =>
    patterns.some((pattern) => pattern.test(name)) || judgeWords(splitWords(name), verdicts, maxWords);
  return cacheByName(decide);
}

/**
 * Returns a pattern that a text with a secret name in it matches, so that other texts need no closer look.
 *
 * @example
 * createNameHint({}).test('{"dbPassword":"x"}'); // true
 */
export function createNameHint(rules: NameRules): RegExp {
  const added = rules.add ?? [];
  if (added.some((ending) => typeof ending !== 'string')) return /(?:)/; // nobody knows what the user's pattern finds
  const endings = [...SENSITIVE_ENDINGS, ...added.map(String)].map((ending) => splitWords(ending).join('[\\W_]?'));
  return new RegExp([...new Set(endings)].join('|'), 'i');
}

function judgeWords(words: readonly string[], verdicts: ReadonlyMap<string, boolean>, maxWords: number): boolean {
  for (let count = Math.min(maxWords, words.length); count > 0; count -= 1) {
    const verdict = verdicts.get(words.slice(-count).join(' '));
    if (verdict !== undefined) return verdict;
  }
  return RUN_TOGETHER.test(words.at(-1) ?? '');
}

function cacheByName(decide: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const cached = known.get(name);
    if (cached !== undefined) return cached;
    // The end decides, so of a name without end the end is looked at.
    const verdict = decide(name.slice(-MAX_NAME_LENGTH));
    if (known.size >= MAX_CACHED_COUNT) known.clear();
    known.set(name, verdict);
    return verdict;
  };
}

/** A pattern with g or y remembers where it stood, and would answer every second time only. */
function toStateless(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''));
}

// A name for a run that came without one: predicate-noun-number, as MLflow's own servers make them.

const PREDICATES =
  'agile amber ample arctic brave breezy bright brisk calm candid chipper clever coral cosy crisp curious daring deft eager early ' +
  'earnest even fair fleet fluent fond frank fresh gentle glad golden grand hardy hasty hazel honest humble jolly keen kind lively ' +
  'loyal lucid lucky mellow merry mild modest neat noble olive patient plucky prompt proud quick quiet rapid ready rosy royal ' +
  'scarlet serene sharp silver snug solid spry steady still sturdy subtle sunny swift tidy trim true upright vivid warm wild wise witty zesty';

const NOUNS =
  'adder alpaca badger beaver bison bobcat bunting buzzard camel caribou condor coot cricket curlew dingo dipper dormouse dunlin eagle ' +
  'egret ermine falcon ferret finch gazelle gecko gibbon harrier heron hobby hornet ibex ibis iguana impala jackal jackdaw jaguar kestrel ' +
  'lemur lizard llama locust lobster magpie marmot marten martin merlin moorhen newt nuthatch ocelot oriole osprey otter ouzel oyster ' +
  'parrot petrel pipit plover puffin puma quail rabbit raven redpoll roebuck salmon sardine serval siskin skylark sparrow starling ' +
  'stingray swallow tapir tiger turbot turtle viper vulture walrus weasel wombat';

/** The longest name: MLflow's lists show no more. */
const MAX_LENGTH = 20;

/** The number runs from 0 to this. */
const MAX_NUMBER = 1_000;

/**
 * Makes a random name of at most 20 characters.
 *
 * @param random returns a number from 0 to under 1, such as Math.random
 * @example
 * randomRunName(); // 'brisk-otter-412'
 */
export function randomRunName(random: () => number = Math.random): string {
  const predicate = pick(PREDICATES.split(' '), random);
  const number = Math.floor(random() * (MAX_NUMBER + 1));
  const room = MAX_LENGTH - `${predicate}--${number}`.length;
  const nouns = NOUNS.split(' ').filter((noun) => noun.length <= room);
  return `${predicate}-${pick(nouns, random)}-${number}`;
}

function pick(words: readonly string[], random: () => number): string {
  return words[Math.floor(random() * words.length)] ?? 'run';
}

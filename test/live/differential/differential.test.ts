// One script of operations by our client and by Python's on two real servers: each answers alike, and both hold the same in the end.
// docs/client-methods.md is what it saw: `npm run docs:methods` writes it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listClientMethods, makeMethodsPage, METHODS_PAGE } from '../../../scripts/client-methods.ts';
import { startService } from '../in-process.ts';
import { makeFolder } from '../live-job.ts';
import { requireBackend } from '../require-backend.ts';
import { Canonical } from './canonical.ts';
import { compare, type Comparison, ON_PURPOSE, type Side } from './compare.ts';
import type { Json, Operation, Outcome } from './operation.ts';
import { makePlaces } from './places.ts';
import { runOurs } from './run-ours.ts';
import { readServer, runPython } from './run-python.ts';
import { writeScript } from './script.ts';

const OWN = { seed: 20_261_127, count: 2000 };
/** Another one: DIFFERENTIAL_SEED=7 npx vitest run --config vitest.live.config.ts test/live/differential */
const SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? OWN.seed);
const COUNT = Number(process.env['DIFFERENTIAL_COUNT'] ?? OWN.count);

/** What a folder of runs has. */
const GROUPS_OF_FOLDER = ['tracking', 'artifacts', 'logged models', 'model files', 'registry', 'prompts'];
const PROXY = 'mlflow-artifacts:';

type Settings = Parameters<typeof startService>[0];

/** A script done once: what it came to, and where. */
interface Done {
  readonly uri: string;
  readonly outcomes: readonly Outcome[];
  readonly addresses: readonly string[];
}

async function byOurs(
  settings: Settings & { readonly trackingUri: string },
  script: readonly Operation[],
): Promise<Done> {
  const service = await startService({ experimentName: 'Default', ...settings });
  const places = makePlaces(makeFolder());
  const { trackingUri: uri } = settings;
  return { uri, outcomes: await runOurs(service.client(), script, places), addresses: [uri, PROXY, places.root] };
}

async function byPython(uri: string, script: readonly Operation[]): Promise<Done> {
  const places = makePlaces(makeFolder());
  return { uri, outcomes: await runPython(uri, script, places), addresses: [uri, PROXY, places.root] };
}

/** Each comparison numbers the ids of both sides anew. */
function sideOf(
  { uri, outcomes, addresses }: Done,
  own: readonly string[] = [],
  renamed?: ReadonlyMap<string, string>,
): Side {
  return { uri, outcomes, canonical: new Canonical([...addresses, ...own], renamed) };
}

/** Without what a registry in a file takes and a server must not. */
function withoutServers(script: readonly Operation[], done: Done): Done {
  return { ...done, outcomes: done.outcomes.filter((_, at) => script[at]?.isOfServer !== true) };
}

function expectNoDifference({ differing }: Comparison): void {
  // the first is the one to look at: what comes after it may differ on its account
  const said = `seed ${SEED}: ${differing.length} operations differ, the first ${differing[0]?.at}`;
  expect(differing.slice(0, 5), said).toEqual([]);
}

/** Everything that a store holds, in words that all share. */
async function holdings({ uri, canonical }: Side): Promise<Readonly<Record<string, Json>>> {
  return canonical.of(await readServer(uri)) as Readonly<Record<string, Json>>; // the reader's one output
}

/** What is held without a server, in a server's words: its lists name no models that a run worked on, nor aliases; versions are texts. */
function asServersSay(held: Json): Json {
  const said = JSON.stringify(held, (key, each: unknown) => {
    if (key === 'modelInputs' || (key === 'aliases' && Array.isArray(each))) return [];
    return key === 'version' && typeof each === 'number' ? String(each) : each;
  });
  return JSON.parse(said) as Json;
}

/** By the ids of a folder's experiments those of the same ones on a server. */
function experimentsOf(script: readonly Operation[], ours: Done, theirs: Done): ReadonlyMap<string, string> {
  return new Map(
    script.flatMap(({ method }, at): readonly (readonly [string, string])[] => {
      const [mine, other] = [ours.outcomes[at], theirs.outcomes[at]];
      if (method !== 'createExperiment' || mine?.kind !== 'result' || other?.kind !== 'result') return [];
      return [[mine.value as string, other.value as string]]; // the method answers an id
    }),
  );
}

const seen: Record<'server' | 'sqlite' | 'folder', ReadonlyMap<string, boolean>[]> = {
  server: [],
  sqlite: [],
  folder: [],
};

describe('with workspaces', () => {
  const options = { env: { MLFLOW_SERVER_ARGS: '--enable-workspaces' } };
  const ours = requireBackend('mlflow', options);
  const python = requireBackend('mlflow', options);

  test("the same is done, and said, by our client as by Python's", { timeout: 600_000 }, async () => {
    const script = writeScript(SEED, Math.min(COUNT, 100), ['workspaces']);
    const [our, their] = await Promise.all([
      byOurs({ trackingUri: ours.env.MLFLOW_TRACKING_URI }, script),
      byPython(python.env.MLFLOW_TRACKING_URI, script),
    ]);
    const [left, right] = [sideOf(our), sideOf(their)];
    const found = compare(script, left, right);
    seen.server.push(found.works);
    expectNoDifference(found);
    expect(await holdings(left)).toEqual(await holdings(right));
  });

  test('a service with a workspace writes there alone, as Python reads it', { timeout: 120_000 }, async () => {
    const { MLFLOW_TRACKING_URI: trackingUri } = ours.env;
    const all = await startService({ trackingUri, experimentName: 'Default' });
    await all.client().createWorkspace('apart');
    const apart = await startService({ trackingUri, experimentName: 'of apart', workspace: 'apart' });
    const experimentId = await apart.client().createExperiment('of its client');
    await apart.client().createRun(experimentId);
    const names = async (own: Readonly<Record<string, string>>): Promise<readonly (string | undefined)[]> => {
      const { experiments } = (await readServer(trackingUri, own)) as { experiments: Record<string, { name: string }> };
      return Object.values(experiments).map(({ name }) => name);
    };
    const there = await names({ MLFLOW_WORKSPACE: 'apart' });
    expect(there).toEqual(expect.arrayContaining(['of apart', 'of its client']));
    expect(await names({})).not.toContain('of its client');
  });
});

// A server of its own: where workspaces are, it looks for a run before it says that a metric has no points.
describe('a folder of runs', () => {
  const python = requireBackend('mlflow');

  test('in a folder of runs the same is done, and said, as on a server', { timeout: 600_000 }, async () => {
    const script = writeScript(SEED + 1, Math.min(COUNT, 700), GROUPS_OF_FOLDER)
      .filter(({ isOfServer }) => isOfServer !== true)
      // ids of experiments are of chance there, and a model's points know no data set, since MLflow's own folders break on it
      .filter(({ options: given }) => !/experiment_id|datasetName/.test(JSON.stringify(given ?? {})));
    const folder = join(makeFolder(), 'mlruns');
    const [inFolder, theirs] = await Promise.all([
      byOurs({ trackingUri: folder }, script),
      byPython(python.env.MLFLOW_TRACKING_URI, script),
    ]);
    const left = sideOf(inFolder, [], experimentsOf(script, inFolder, theirs));
    const right = sideOf(theirs, [python.runFolder]);
    const found = compare(script, left, right);
    expectNoDifference(found);
    seen.folder.push(found.works);
    const { experiments, runs, registry } = await holdings(right);
    const held = asServersSay(await holdings(left));
    expect(held).toMatchObject({ experiments, runs, registry });
  });
});

describe('all groups', () => {
  const options = { env: { MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true', MLFLOW_ICON_URL_ALLOW_PRIVATE_IPS: 'true' } };
  const ours = requireBackend('mlflow', options);
  const python = requireBackend('mlflow', options);

  test(`${COUNT} operations do the same by our client as by Python's`, { timeout: 900_000 }, async () => {
    const script = writeScript(SEED, COUNT);
    const inFile = script.filter(({ isOfServer }) => isOfServer !== true);
    const folder = makeFolder();
    mkdirSync(join(folder, 'artifacts'));
    const sqlite = { trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`, artifactRoot: join(folder, 'artifacts') };
    const [onServer, theirs, inSqlite] = await Promise.all([
      byOurs({ trackingUri: ours.env.MLFLOW_TRACKING_URI }, script),
      byPython(python.env.MLFLOW_TRACKING_URI, script),
      byOurs(sqlite, inFile),
    ]);
    const [left, right] = [sideOf(onServer, [ours.runFolder]), sideOf(theirs, [python.runFolder])];
    const server = compare(script, left, right);
    const [mine, other] = [
      sideOf(inSqlite, [sqlite.artifactRoot]),
      sideOf(withoutServers(script, theirs), [python.runFolder]),
    ];
    const file = compare(inFile, mine, other);
    expectNoDifference(server);
    expectNoDifference(file);
    const [held, theirHeld, inFileHeld] = await Promise.all([
      readServer(left.uri),
      readServer(right.uri),
      readServer(mine.uri),
    ]);
    expect(left.canonical.of(held)).toEqual(right.canonical.of(theirHeld));
    const { experiments, runs } = other.canonical.of(theirHeld) as Readonly<Record<string, Json>>; // the reader's one output
    expect(mine.canonical.of(inFileHeld)).toMatchObject({ experiments, runs });
    seen.server.push(server.works);
    seen.sqlite.push(file.works);
    // most do something
    const share = server.mishapCount / server.comparedCount;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.2);
  });

  test('docs/client-methods.md says what was seen', async () => {
    if (SEED !== OWN.seed || COUNT !== OWN.count) return;
    const isIn = (where: keyof typeof seen, name: string): boolean =>
      seen[where].some((each) => each.get(name) === true);
    const found = listClientMethods().map(({ name, group }) => ({
      name,
      group,
      isOnServer: isIn('server', name),
      isInSqlite: isIn('sqlite', name),
      isInFolder: isIn('folder', name),
    }));
    await expect(await makeMethodsPage(found, ON_PURPOSE)).toMatchFileSnapshot(METHODS_PAGE);
  });
});

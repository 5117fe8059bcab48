// One script of operations by our client and by Python's on two real servers: each answers alike, and both hold the same in the end.
// docs/client-methods.md is what it saw: `npm run docs:methods` writes it.
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { listClientMethods, makeMethodsPage, METHODS_PAGE } from '../../../scripts/client-methods.ts';
import { startService } from '../in-process.ts';
import { makeFolder } from '../live-job.ts';
import { requireBackend } from '../require-backend.ts';
import { Canonical } from './canonical.ts';
import { comparable, isOnPurpose, ON_PURPOSE } from './compare.ts';
import { isAbout, refsIn, type Json, type Operation, type Outcome } from './operation.ts';
import { runOurs } from './run-ours.ts';
import { readServer, runPython } from './run-python.ts';
import { writeScript } from './script.ts';

const OWN = { seed: 20_261_127, count: 3000 };
/** Another one: DIFFERENTIAL_SEED=7 npx vitest run --config vitest.live.config.ts test/live/differential */
const SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? OWN.seed);
const COUNT = Number(process.env['DIFFERENTIAL_COUNT'] ?? OWN.count);

/** One way to do the script. */
interface Side {
  readonly uri: string;
  readonly canonical: Canonical;
  readonly outcomes: readonly Outcome[];
}

async function byOurs(uri: string, addresses: readonly string[], script: readonly Operation[]): Promise<Side> {
  const service = await startService({ trackingUri: uri, experimentName: 'Default' });
  return { uri, canonical: new Canonical([uri, ...addresses]), outcomes: await runOurs(service.client(), script) };
}

/** Twice the same, since what is compared with another numbers its ids by what is compared. */
async function byPython(uri: string, addresses: readonly string[], script: readonly Operation[]): Promise<() => Side> {
  const outcomes = await runPython(uri, script);
  return () => ({ uri, canonical: new Canonical([uri, ...addresses]), outcomes });
}

/** Compares one operation after the other; what our side has no way to do is left out, with all that builds on it. */
function compare(script: readonly Operation[], our: Side, their: Side): ReadonlyMap<string, boolean> {
  const works = new Map<string, boolean>();
  const unmade = new Set<string>();
  const differing: { readonly at: number; readonly said: string }[] = [];
  for (const [at, operation] of script.entries()) {
    const { method } = operation;
    const [mine, other] = [our.outcomes[at], their.outcomes[at]];
    if (mine === undefined || other === undefined) throw new Error(`Operation ${at} was not done.`);
    const isUnsupported = mine.kind === 'error' && mine.code === 'NOT_SUPPORTED';
    if (isUnsupported) works.set(method, false);
    if (isUnsupported || isAbout(operation, unmade)) {
      if (operation.as !== undefined) unmade.add(operation.as);
      // a logged model that was changed there alone is another one from then on
      for (const ref of refsIn(operation)) if (ref.startsWith('logged model')) unmade.add(ref);
      continue;
    }
    const [left, right] = [comparable(our.canonical, mine), comparable(their.canonical, other)];
    if (!isDeepStrictEqual(left, right) && !isOnPurpose({ method, our: mine, their: other, left, right })) {
      const said = `${JSON.stringify(operation)}\nours: ${JSON.stringify(mine)}\nPython's: ${JSON.stringify(other)}`;
      differing.push({ at, said });
    }
    if (mine.kind === 'result') works.set(method, works.get(method) ?? true);
  }
  // the first is the one to look at: what comes after it may differ on its account
  expect(
    differing.slice(0, 5),
    `seed ${SEED}: ${differing.length} operations differ, the first ${differing[0]?.at}`,
  ).toEqual([]);
  return works;
}

/** Everything that a store holds, in words that all share. */
async function holdings({ uri, canonical }: Side): Promise<Readonly<Record<string, Json>>> {
  return canonical.of(await readServer(uri)) as Readonly<Record<string, Json>>; // the reader's one output
}

function inAny(...seen: readonly ReadonlyMap<string, boolean>[]): (name: string) => boolean {
  return (name) => seen.some((each) => each.get(name) === true);
}

const PROXY = 'mlflow-artifacts:';
const seen: ReadonlyMap<string, boolean>[] = [];

describe('with workspaces', () => {
  const options = { env: { MLFLOW_SERVER_ARGS: '--enable-workspaces' } };
  const ours = requireBackend('mlflow', options);
  const python = requireBackend('mlflow', options);

  test("the same is done, and said, by our client as by Python's", { timeout: 600_000 }, async () => {
    const script = writeScript(SEED, Math.min(COUNT, 150), ['workspaces']);
    const [our, their] = await Promise.all([
      byOurs(ours.env.MLFLOW_TRACKING_URI, [PROXY], script),
      byPython(python.env.MLFLOW_TRACKING_URI, [PROXY], script).then((make) => make()),
    ]);
    seen.push(compare(script, our, their));
    expect(await holdings(our)).toEqual(await holdings(their));
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

describe('all groups', () => {
  const options = { env: { MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true' } };
  const ours = requireBackend('mlflow', options);
  const python = requireBackend('mlflow', options);

  test(`${COUNT} operations do the same by our client as by Python's`, { timeout: 900_000 }, async () => {
    const script = writeScript(SEED, COUNT);
    const forFile = script.filter(({ isOfServer }) => isOfServer !== true);
    const file = `sqlite:///${join(makeFolder(), 'mlflow.db')}`;
    const [onServer, makeTheirs, inSqlite] = await Promise.all([
      byOurs(ours.env.MLFLOW_TRACKING_URI, [ours.runFolder, PROXY], script),
      byPython(python.env.MLFLOW_TRACKING_URI, [python.runFolder, PROXY], script),
      byOurs(file, [join(process.cwd(), 'mlruns')], forFile),
    ]);
    const [theirs, same] = [makeTheirs(), makeTheirs()];
    const theirsForSqlite = { ...same, outcomes: same.outcomes.filter((_, at) => script[at]?.isOfServer !== true) };
    seen.push(compare(script, onServer, theirs));
    expect(await holdings(onServer)).toEqual(await holdings(theirs));
    const sqlite = compare(forFile, inSqlite, theirsForSqlite);
    const { experiments, runs } = await holdings(theirsForSqlite);
    expect(await holdings(inSqlite)).toMatchObject({ experiments, runs });

    if (SEED !== OWN.seed || COUNT !== OWN.count) return;
    const [isOnServer, isInSqlite] = [inAny(...seen), inAny(sqlite)];
    const found = listClientMethods().map(({ name, group }) => ({
      name,
      group,
      isOnServer: isOnServer(name),
      isInSqlite: isInSqlite(name),
    }));
    await expect(await makeMethodsPage(found, ON_PURPOSE)).toMatchFileSnapshot(METHODS_PAGE);
  });
});

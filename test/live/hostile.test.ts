// A real MLflow on each of its databases, with and without a password, and what stands between a job and it: nothing is lost, nothing
// is doubled, nothing goes to another host, and every refusal says its mend.
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MlflowError } from '../../src/errors.ts';
import { openHttpStore } from '../../src/stores/http/http-store.ts';
import type { Store } from '../../src/stores/contract.ts';
import { AFTER, SILENT_LOSSES } from '../rest/wire/silent-losses.ts';
import { readExperiment } from './backends.ts';
import { expectSteps } from './expect-steps.ts';
import { startService } from './in-process.ts';
import { valueAt } from './jobs/points.ts';
import { startMisbehavingProxy, type Mood } from './misbehaving-proxy.ts';
import { PASSWORD, passwordEnv } from './password.ts';
import { requireBackend } from './require-backend.ts';

const basic = Buffer.from(`admin:${PASSWORD}`).toString('base64');

async function failureOf(work: Promise<unknown>): Promise<MlflowError> {
  const error: unknown = await work.catch((each: unknown) => each);
  expect(error).toBeInstanceOf(MlflowError);
  return error as MlflowError; // just asserted
}

describe.each([
  ['SQLite', 'mlflow', false],
  ['SQLite, with a password', 'mlflow', true],
  ['PostgreSQL', 'mlflow-postgres', false],
  ['PostgreSQL, with a password', 'mlflow-postgres', true],
] as const)('MLflow 3.17.2 on %s', (_, name, asksForPassword) => {
  const backend = requireBackend(name, () => (asksForPassword ? { env: passwordEnv() } : {}));
  const uri = (): string => backend.env.MLFLOW_TRACKING_URI;
  const credentials = asksForPassword ? { username: 'admin', password: PASSWORD } : {};
  const headers: Record<string, string> = asksForPassword ? { authorization: `Basic ${basic}` } : {};
  /** As Python is told who it is. */
  const ownUri = (): string => (asksForPassword ? uri().replace('//', `//admin:${PASSWORD}@`) : uri());

  function open(at = uri(), more: object = {}): Store {
    const store = openHttpStore(at, { ...credentials, timeoutMs: 20_000, ...more });
    onTestFinished(() => store.close());
    return store;
  }

  const testOpenly = asksForPassword ? () => undefined : test; // what a password does not change

  testOpenly('loses what it cannot parse, and nothing of what is sent in its place', async () => {
    const store = open();
    const experimentId = await store.createExperiment({ name: 'losses' });
    for (const { name: loss, raw, given, sent } of SILENT_LOSSES) {
      const make = async (): Promise<string> =>
        (await store.createRun({ experimentId, startTimeMs: 1, tags: [] })).info.runId;
      const [theirs, ours] = [await make(), await make()];
      const answer = await fetch(`${uri()}/api/2.0/mlflow/runs/log-batch`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: `{"run_id":"${theirs}",${raw}}`,
      });
      expect([answer.status, (await store.getRun(theirs)).data.tags[AFTER.key]], loss).toEqual([200, undefined]);
      const logged = store.logBatch({ runId: ours, ...given });
      if (sent === undefined) await expect(logged, loss).rejects.toMatchObject({ code: 'INVALID_VALUE' });
      else await logged;
      const { data } = await store.getRun(ours);
      const kept = sent === undefined ? {} : { [AFTER.key]: AFTER.value };
      const { 'mlflow.runName': __, ...tags } = data.tags;
      expect(tags, loss).toEqual(kept);
    }
  });

  test('refuses a foreign host and a foreign origin, and the error says how to let them in', async () => {
    const proxy = await startMisbehavingProxy(uri());
    const host = await failureOf(open('http://mlflow:5000', { httpProxy: proxy.url }).getExperiment('0'));
    expect(host).toMatchObject({ status: 403, isRetryable: false });
    expect(host.message).toContain('--allowed-hosts mlflow:5000 (MLFLOW_SERVER_ALLOWED_HOSTS)');
    await open(proxy.url).setExperimentTag('0', { key: 'a', value: 'b' });
    expect(proxy.seen.every((each) => each.headers.origin === undefined)).toBe(true);
    proxy.mood = () => 'origin';
    const origin = await failureOf(open(proxy.url).setExperimentTag('0', { key: 'a', value: 'b' }));
    expect(origin).toMatchObject({ status: 403, isRetryable: false });
    expect(origin.message).toContain('--cors-allowed-origins');
  });

  if (asksForPassword)
    test('asks who we are, and no refusal shows what was said', async () => {
      const wrong = { username: 'admin', password: 'wrong but long enough' };
      for (const who of [
        wrong,
        { username: '', password: '' },
        { username: '', password: '', token: 'not-a-password' },
      ]) {
        const error = await failureOf(open(uri(), who).getExperiment('0'));
        expect(error).toMatchObject({ status: 401, errorCode: 'UNAUTHENTICATED', isRetryable: false });
        expect(inspect(error, { depth: 9 })).not.toMatch(/wrong but|not-a-password/);
        expect(error.message).toContain('MLFLOW_TRACKING_PASSWORD');
      }
      const reader = { username: 'reader', password: 'another-password-1' };
      await fetch(`${uri()}/api/2.0/mlflow/users/create`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(reader),
      });
      const refused = await failureOf(open(uri(), reader).createRun({ experimentId: '0', startTimeMs: 1, tags: [] }));
      expect(refused).toMatchObject({ status: 403, errorCode: 'PERMISSION_DENIED', isRetryable: false });
      expect(refused.message).toContain('needs the permission');
    });

  test('breaks off, answers with a page, redirects: a read goes on, a create says that it may have happened', async () => {
    const proxy = await startMisbehavingProxy(uri());
    const store = open(proxy.url);
    const experimentId = await open().createExperiment({ name: 'broken' });
    for (const mood of ['cut', 'reset', 'page'] as const) {
      const from = proxy.seen.length;
      proxy.mood = (_path, index) => (index === from ? mood : 'pass');
      expect(await store.getExperiment(experimentId), mood).toMatchObject({ name: 'broken' });
      expect(proxy.seen.length - from, mood).toBe(2);
      proxy.mood = () => mood;
      const error = await failureOf(store.createRun({ experimentId, startTimeMs: 1, tags: [] }));
      expect(error, mood).toMatchObject({ isRetryable: true, isAmbiguous: true });
    }
    // Two of the three were carried out, and none of them twice.
    expect((await open().searchRuns({ experimentIds: [experimentId] })).items).toHaveLength(2);
    proxy.mood = () => 'redirect';
    for (const work of [() => store.getExperiment('0'), () => store.createExperiment({ name: 'elsewhere' })]) {
      const error = await failureOf(work());
      expect(error).toMatchObject({ status: 307, isRetryable: false, isAmbiguous: false });
      expect(inspect(error, { depth: 9 })).not.toMatch(new RegExp(`${PASSWORD}|${basic}`));
    }
    expect(proxy.elsewhere).toEqual([]);
  });

  // A password costs MLflow half a second of each request, and bringing it up again some more: once a database is enough.
  const isRestarted = !asksForPassword;
  const pointCount = asksForPassword ? 300 : 1500;

  test(`behind all of that in turn takes a job whole, once${isRestarted ? ', though it is restarted in the middle' : ''}`, async () => {
    const proxy = await startMisbehavingProxy(uri());
    const service = await startService({
      trackingUri: proxy.url,
      experimentName: 'whole',
      keepTelemetry: false,
      ...credentials,
    });
    const moods: readonly Mood[] = ['cut', 'pass', 'page', 'reset', 'pass', 'redirect', 'cut', 'pass'];
    const begun = proxy.seen.length;
    proxy.mood = (_path, index) => moods[(index - begun) % moods.length] ?? 'pass';
    await service.runContext({ name: 'job', tags: { stage: 'live' } }, async (run) => {
      run.logParam('lr', 0.1);
      run.logText('kept', 'a.txt');
      for (let step = 0; step < pointCount - 200; step++) run.logMetric('loss', valueAt(step), { step });
      await service.flush({ timeoutMs: 60_000 });
      if (isRestarted) await backend.down();
      for (let step = pointCount - 200; step < pointCount; step++) run.logMetric('loss', valueAt(step), { step });
      if (isRestarted) await backend.up();
    });
    expect(await service.flush({ timeoutMs: 60_000 })).toMatchObject({ isComplete: true, deadLettered: 0 });
    expect(service.stats()).toMatchObject({ pending: 0, deadLettered: 0 });
    expect(new Set(proxy.seen.slice(begun).map(({ mood }) => mood))).toEqual(new Set(moods));
    expect(proxy.elsewhere).toEqual([]);
    const { runs } = await readExperiment(ownUri(), 'whole');
    const active = runs.filter(({ info }) => info.lifecycle_stage === 'active');
    expect(active).toMatchObject([
      { info: { run_name: 'job', status: 'FINISHED' }, params: { lr: '0.1' }, tags: { stage: 'live' } },
    ]);
    expectSteps(active[0], pointCount);
    expect(active[0]?.artifacts).toMatchObject([{ path: 'a.txt', downloaded_size: 4 }]);
  });

  testOpenly('lets racing jobs make one experiment, and says how a deleted one comes back', async () => {
    const start = () =>
      startService({
        trackingUri: uri(),
        experimentName: 'raced',
        drain: 'inline',
        startTimeoutMs: 20_000,
        ...credentials,
      });
    const services = await Promise.all([start(), start(), start(), start()]);
    await Promise.all(services.map((service) => service.runContext('train', (run) => run.logMetric('loss', 1))));
    for (const service of services) expect(await service.flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
    const store = open();
    const raced = await store.getExperimentByName('raced');
    const experimentId = raced?.experimentId ?? '';
    const { items } = await store.searchRuns({ experimentIds: [experimentId] });
    expect(items.map(({ info }) => info.status)).toEqual(['FINISHED', 'FINISHED', 'FINISHED', 'FINISHED']);

    await store.deleteExperiment(experimentId);
    await expect(start()).rejects.toThrow(`client().restoreExperiment('${experimentId}')`);
    expect(await failureOf(store.createExperiment({ name: 'raced' }))).toMatchObject({
      errorCode: 'RESOURCE_ALREADY_EXISTS',
    });
    const late = await failureOf(store.createRun({ experimentId, startTimeMs: 1, tags: [] }));
    expect(late).toMatchObject({ status: 400, errorCode: 'INVALID_PARAMETER_VALUE', isRetryable: false });
    await store.restoreExperiment(experimentId);
    await (await start()).runContext('again', (run) => run.logMetric('loss', 2));
  });
});

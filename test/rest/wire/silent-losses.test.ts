// Nothing goes on the wire that MLflow answers 200 to and loses: each case with what is sent in its place.
import { describe, expect, it, onTestFinished } from 'vitest';
import { RestApi } from '../../../src/rest/api.ts';
import { ENDPOINTS } from '../../../src/rest/endpoints/endpoints.ts';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import { fakePace } from '../fake-pace.ts';
import { json, startServer, type Answer } from '../scripted-server.ts';
import { SILENT_LOSSES } from './silent-losses.ts';

const run = json({ run: { info: { run_id: 'r1' } }, run_info: { run_id: 'r1' } });

async function open(answer: Answer = json({})) {
  const server = await startServer(answer);
  const store = openHttpStore(server.url, {}, { pace: fakePace() });
  onTestFinished(() => store.close());
  const sent = (): unknown[] => server.seen.map(({ body }) => JSON.parse(body) as unknown);
  return { server, store, sent };
}

describe('a log-batch', () => {
  it.each(SILENT_LOSSES.filter(({ sent }) => sent !== undefined))('says $name so that it is kept', async (loss) => {
    const { store, sent } = await open();
    await store.logBatch({ runId: 'r1', ...loss.given });
    expect(sent()).toEqual([{ run_id: 'r1', ...loss.sent }]);
  });

  it.each(SILENT_LOSSES.filter(({ sent }) => sent === undefined))('never says $name', async (loss) => {
    const { store, sent } = await open();
    await expect(store.logBatch({ runId: 'r1', ...loss.given })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(sent()).toEqual([]);
  });
});

describe('what the server takes and ignores', () => {
  it('is no run id of ours: it makes its own', async () => {
    const { store, sent } = await open(run);
    await store.createRun({ experimentId: '0', runId: 'ours', startTimeMs: 1, tags: [] });
    expect(sent()).toEqual([{ experiment_id: '0', user_id: 'unknown', start_time: 1, tags: [] }]);
  });

  it('is no status that it does not know', async () => {
    const { store, sent } = await open(run);
    await expect((async () => store.updateRun({ runId: 'r1', status: 'BOGUS' as 'FAILED' }))()).rejects.toMatchObject({
      code: 'INVALID_VALUE',
    });
    expect(sent()).toEqual([]);
  });

  it("is no model's status by its short name", async () => {
    const answer = json({ model: { info: { model_id: 'm-1', experiment_id: '0' } } });
    const { store, sent, server } = await open(answer);
    await store.finalizeLoggedModel('m-1', 'READY');
    expect(server.seen[0]?.method).toBe('PATCH');
    // in the body as well as in the path: else it is refused
    expect(sent()).toEqual([{ model_id: 'm-1', status: 'LOGGED_MODEL_READY' }]);
  });
});

it('is no body that the server takes for an empty one: JSON as it is, said to be JSON', async () => {
  const { store, server } = await open();
  await store.logBatch({ runId: 'r1', params: [{ key: 'p', value: 'x'.repeat(100_000) }] });
  expect(server.seen[0]?.headers).toMatchObject({ 'content-type': 'application/json' });
  expect(server.seen[0]?.headers).not.toHaveProperty('content-encoding');
});

it('is no path with a slash at its end: none of the table has one', () => {
  for (const { path } of Object.values(ENDPOINTS)) expect(path).not.toMatch(/\/$/);
  expect(new RestApi('http://h/mlflow/', {}).uri).toBe('http://h/mlflow');
});

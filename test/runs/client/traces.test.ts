// Traces and assessments of the client: what the server is asked, in which pieces, and what is refused before.
import { expect, test } from 'vitest';
import { mlflowError } from '../../../src/errors.ts';
import type { TraceInfo } from '../../../src/model/traces.ts';
import { recordingClient } from './recording-client.ts';

const IN_STORE = { 'mlflow.trace.spansLocation': 'TRACKING_STORE' };

function info(traceId: string, tags: Readonly<Record<string, string>> = IN_STORE): TraceInfo {
  return { traceId, tags } as unknown as TraceInfo; // the rest is handed on as it is
}

test('a trace is read with its spans, from where they are', async () => {
  const whole = { info: info('tr-1'), data: { spans: ['s'] } };
  const { client, calls } = recordingClient([whole, whole, { info: info('tr-2', {}) }, ['f']]);
  expect(await client.getTrace('tr-1')).toBe(whole);
  expect(await client.getTrace('tr-2')).toEqual({ info: info('tr-2', {}), data: { spans: ['f'] } });
  expect(calls.map(({ method, args }) => [method, ...args])).toEqual([
    ['getTraceInfo', 'tr-1'],
    ['getTrace', 'tr-1'],
    ['getTraceInfo', 'tr-2'],
    ['getTraceFile', 'tr-2'],
  ]);
});

test('spans that are lost are a bad request, and a server that is away is not that', async () => {
  const lost = mlflowError('RESOURCE_DOES_NOT_EXIST', 'no file');
  const away = mlflowError('TEMPORARILY_UNAVAILABLE', 'later');
  const { client } = recordingClient([{ info: info('tr-1', {}) }, lost, { info: info('tr-1', {}) }, away]);
  await expect(client.getTrace('tr-1')).rejects.toMatchObject({ errorCode: 'BAD_REQUEST', status: 400, cause: lost });
  await expect(client.getTrace('tr-1')).rejects.toBe(away);
});

test('a search reads spans ten traces at a time, keeps its order, and leaves out what is lost', async () => {
  const infos = [...Array.from({ length: 11 }, (_, index) => info(`tr-${index}`)), info('lost', {}), info('file', {})];
  const whole = (from: TraceInfo): object => ({ info: from, data: { spans: [] } });
  const { client, calls } = recordingClient([
    { items: infos, nextPageToken: undefined },
    infos.slice(0, 9).toReversed().map(whole), // the tenth is gone meanwhile
    [whole(info('tr-10'))],
    mlflowError('RESOURCE_DOES_NOT_EXIST', 'no file'),
    [],
  ]);
  const found = await client.searchTraces({ locations: ['1'] }).all();
  const ids = found.map((trace) => trace.info.traceId);
  expect(ids).toEqual([...Array.from({ length: 9 }, (_, index) => `tr-${index}`), 'tr-10', 'file']);
  expect(calls.map(({ method }) => method)).toEqual([
    'searchTraces',
    'getTraces',
    'getTraces',
    'getTraceFile',
    'getTraceFile',
  ]);
});

test('a search by model and run puts both into its filter, and asks for the run once', async () => {
  const run = { info: { runId: 'r', experimentId: '1' } };
  const { client, calls } = recordingClient([
    run,
    { items: [], nextPageToken: 't' },
    { items: [], nextPageToken: undefined },
  ]);
  await client.searchTraces({ locations: ['1'], runId: 'key', modelId: 'm-1' }).all();
  const filterString = "request_metadata.`mlflow.modelId` = 'm-1' AND attribute.run_id = 'r'";
  expect(calls.map(({ method, args }) => [method, args[0]])).toEqual([
    ['getRun', 'key'],
    ['searchTraces', { locations: ['1'], filterString }],
    ['searchTraces', { locations: ['1'], filterString, pageToken: 't' }],
  ]);
});

test('a search is of the experiment of the service, or of the run, where nothing is said', async () => {
  const page = { items: [], nextPageToken: undefined };
  const ofService = recordingClient([{ experimentId: '7' }, page], { experimentName: 'churn' });
  await ofService.client.searchTraces().all();
  expect(ofService.calls.map(({ method, args }) => [method, args[0]])).toEqual([
    ['getExperimentByName', 'churn'],
    ['searchTraces', { locations: ['7'] }],
  ]);
  const ofRun = recordingClient([{ info: { runId: 'r', experimentId: '3' } }, page, page]);
  await ofRun.client.searchTraces({ runId: 'r' }).all();
  expect(ofRun.calls[1]?.args[0]).toMatchObject({ locations: ['3'] });
  await ofRun.client.searchTraces().all();
  expect(ofRun.calls[2]?.args[0]).toMatchObject({ locations: [] });
});

test('traces are deleted by the hundred, and counted', async () => {
  const { client, calls } = recordingClient([100, 50]);
  const traceIds = Array.from({ length: 150 }, (_, index) => `tr-${index}`);
  expect(await client.deleteTraces('1', { traceIds })).toBe(150);
  expect(calls.map(({ args }) => (args[0] as { traceIds: readonly string[] }).traceIds.length)).toEqual([100, 50]);
});

test('which traces are to be deleted must be said', async () => {
  const { client } = recordingClient();
  await expect(client.deleteTraces('1')).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE' });
});

test("MLflow's own tags are left alone, as Python leaves them", async () => {
  const { client, calls } = recordingClient();
  await client.setTraceTag('tr-1', 'mlflow.user', 'x');
  await client.deleteTraceTag('tr-1', 'mlflow.artifactLocation');
  expect(calls).toEqual([]);
  await client.deleteTraceTag('tr-1', 'mlflow.trace.archivalFailure');
  expect(calls).toHaveLength(1);
});

test('no trace is unlinked: no server of MLflow can', async () => {
  const { client, calls } = recordingClient();
  await client.unlinkTracesFromRun([], 'r');
  await expect(client.unlinkTracesFromRun(['tr-1'], '')).rejects.toMatchObject({
    errorCode: 'INVALID_PARAMETER_VALUE',
  });
  await expect(client.unlinkTracesFromRun(['tr-1'], 'r')).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  expect(calls).toEqual([]);
});

test('feedback is by code, and an expectation by a human, unless somebody else is named', async () => {
  const { client, calls } = recordingClient();
  await client.logFeedback('tr-1', { value: true, metadata: { round: 2 } });
  await client.logExpectation('tr-1', 'answer', 4, { source: { sourceType: 'LLM_JUDGE', sourceId: 'gpt' } });
  expect(calls.map(({ args }) => (args[0] as { assessment: unknown }).assessment)).toEqual([
    { kind: 'feedback', name: 'feedback', value: true, source: { sourceType: 'CODE' }, metadata: { round: '2' } },
    { kind: 'expectation', name: 'answer', value: 4, source: { sourceType: 'LLM_JUDGE', sourceId: 'gpt' } },
  ]);
  expect(calls[0]?.args[0]).toMatchObject({ traceId: 'tr-1', timeMs: 42 });
});

test('an override keeps the name and the span, and needs feedback', async () => {
  const old = { kind: 'feedback', assessmentId: 'a-1', name: 'good', spanId: 's' };
  const { client, calls } = recordingClient([old, undefined, { kind: 'expectation' }]);
  await client.overrideFeedback('tr-1', 'a-1', 1, { rationale: 'r' });
  expect(calls[1]?.args[0]).toMatchObject({
    overrides: 'a-1',
    assessment: { kind: 'feedback', name: 'good', spanId: 's', value: 1, rationale: 'r' },
  });
  await expect(client.overrideFeedback('tr-1', 'a-2', 1)).rejects.toMatchObject({
    errorCode: 'INVALID_PARAMETER_VALUE',
  });
});

// Tokens that a function gives: asked for each request, asked anew after a 401, sent to the tracking server alone, shown to nobody.
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { MlflowError } from '../../../src/errors.ts';
import { RestApi } from '../../../src/rest/api.ts';
import type { ConnectionOptions } from '../../../src/rest/transport/connection.ts';
import { ENDPOINTS } from '../../../src/rest/endpoints/endpoints.ts';
import type { GetToken, TokenRequest } from '../../../src/model/get-token.ts';
import { fakePace } from '../fake-pace.ts';
import { json, reset, startServer, text, type Answer } from '../scripted-server.ts';

const info = json({ store_type: 'SqlStore' });
const run = json({ run: { info: { run_id: 'r1' } } });
const refused = text('You are not authenticated', 401);
const newRun = { experimentId: '0', startTimeMs: 1, tags: [] };

async function open(getToken: GetToken, script: readonly Answer[], connection: ConnectionOptions = {}) {
  const server = await startServer(...script);
  const pace = fakePace();
  const api = new RestApi(server.url, { timeoutMs: 5000, ...connection, getToken }, { pace });
  onTestFinished(() => api.close());
  return { api, server, pace, sent: () => server.seen.map(({ headers }) => headers['authorization']) };
}

/** Gives `hunter-1`, `hunter-2`, … and notes what it is told. */
function counting(): { readonly getToken: GetToken; readonly asked: TokenRequest[] } {
  const asked: TokenRequest[] = [];
  return { asked, getToken: (request) => `hunter-${asked.push(request)}` };
}

async function failureOf(work: Promise<unknown>): Promise<MlflowError> {
  const error: unknown = await work.catch((each: unknown) => each);
  expect(error).toBeInstanceOf(MlflowError);
  return error as MlflowError; // just asserted
}

it('is asked before each request, and wins over a user and a token', async () => {
  const { getToken, asked } = counting();
  const { api, sent } = await open(getToken, [info], { username: 'ada', password: 'pw', token: 'old' });
  await api.call(ENDPOINTS.getServerInfo, undefined);
  await api.call(ENDPOINTS.getServerInfo, undefined);
  expect(sent()).toEqual(['Bearer hunter-1', 'Bearer hunter-2']);
  expect(asked).toEqual([{ isRefused: false }, { isRefused: false }]);
});

it('is told of a 401, and what it gives then is sent at once, also for a create', async () => {
  const { getToken, asked } = counting();
  const { api, sent, pace } = await open(getToken, [refused, run]);
  await expect(api.call(ENDPOINTS.createRun, newRun)).resolves.toMatchObject({ info: { runId: 'r1' } });
  expect(sent()).toEqual(['Bearer hunter-1', 'Bearer hunter-2']);
  expect(asked).toEqual([{ isRefused: false }, { isRefused: true }]);
  expect(pace.waitsMs).toEqual([]);
});

it('sends a file again from its beginning after a 401', async () => {
  const { getToken } = counting();
  const { api, server } = await open(getToken, [refused, text('')]);
  await api.uploadFile('a.txt', { sizeBytes: 3, open: () => Readable.from([Buffer.from('abc')]) });
  expect(server.seen.map(({ body }) => body)).toEqual(['abc', 'abc']);
});

it('is asked once more and not for ever where every token is refused', async () => {
  const { getToken } = counting();
  const { api, server } = await open(getToken, [refused]);
  const error = await failureOf(api.call(ENDPOINTS.getServerInfo, undefined));
  expect(error).toMatchObject({ status: 401, errorCode: 'UNAUTHENTICATED', isRetryable: false });
  expect(error.message).toContain('the function that gives the token');
  expect(server.seen).toHaveLength(2);
});

it('leaves a create ambiguous only where what broke off was not the 401', async () => {
  const { getToken } = counting();
  const { api } = await open(getToken, [refused, reset]);
  expect(await failureOf(api.call(ENDPOINTS.createRun, newRun))).toMatchObject({ isAmbiguous: true });
  let count = 0;
  const failing = await open(() => (++count > 1 ? Promise.reject(new Error('vault')) : 'first'), [refused]);
  const error = await failureOf(failing.api.call(ENDPOINTS.createRun, newRun));
  expect(error).toMatchObject({ isAmbiguous: false, isRetryable: true });
});

it.each<[string, GetToken, RegExp]>([
  ['throws', () => Promise.reject(new Error('the vault is sealed')), /gave none: it threw: the vault is sealed/],
  ['gives nothing', () => '', /no text that a header can hold/],
  ['gives no text', () => undefined as unknown as string, /no text that a header can hold/],
  ['gives a line break', () => 'hunter-1\nx: y', /no text that a header can hold/],
])('sends nothing where it %s, and tries again: a token may come', async (_, getToken, message) => {
  const { api, server, pace } = await open(getToken, [info]);
  const error = await failureOf(api.call(ENDPOINTS.getServerInfo, undefined));
  expect(error).toMatchObject({ errorCode: 'UNAUTHENTICATED', status: 0, isRetryable: true, isAmbiguous: false });
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain('hunter');
  expect(pace.waitsMs).toHaveLength(2);
  expect(server.seen).toEqual([]);
});

it('keeps the deadline where it never answers', async () => {
  const { api, server } = await open(() => new Promise(() => undefined), [info], { timeoutMs: 60 });
  const error = await failureOf(api.call(ENDPOINTS.createRun, newRun));
  expect(error).toMatchObject({ errorCode: 'DEADLINE_EXCEEDED', isAmbiguous: false });
  expect(server.seen).toEqual([]);
});

it('goes to no other host, and no redirect there', async () => {
  const other = await startServer(info);
  const { getToken, asked } = counting();
  const { api } = await open(getToken, [text('', 307, { location: `${other.url}/login` })]);
  expect(await failureOf(api.call(ENDPOINTS.getServerInfo, undefined))).toMatchObject({ status: 307 });
  const elsewhere = new RestApi('http://127.0.0.1:9', { getToken }, { host: new URL(other.url).host });
  onTestFinished(() => elsewhere.close());
  await elsewhere.call(ENDPOINTS.getServerInfo, undefined);
  expect(other.seen.map(({ headers }) => headers['authorization'])).toEqual([undefined]);
  expect(asked).toHaveLength(1);
});

it('is shown by no error, though the server says it back', async () => {
  const { getToken } = counting();
  const echo: Answer = (response, { headers }) => response.writeHead(400).end(`bad: ${headers['authorization']}`);
  const { api } = await open(getToken, [echo]);
  for (let i = 0; i < 20; i++) {
    const error = await failureOf(api.call(ENDPOINTS.getServerInfo, undefined));
    expect(inspect(error, { depth: 9 })).not.toContain('hunter');
  }
});

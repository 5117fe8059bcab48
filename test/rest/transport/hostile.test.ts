// What stands between a job and its MLflow: login proxies, captive portals, compressing proxies, broken and endless answers.
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MlflowError } from '../../../src/errors.ts';
import { RestApi } from '../../../src/rest/api.ts';
import { ENDPOINTS } from '../../../src/rest/endpoints/endpoints.ts';
import { fakePace } from '../fake-pace.ts';
import { startServer, text, type Answer } from '../scripted-server.ts';

const experiment = {
  experiment: { experiment_id: '7', name: 'churn', artifact_location: 'a', lifecycle_stage: 'active' },
};
const good = JSON.stringify(experiment);
const page = (title: string): string => `<html><head><title>${title}</title></head><body>${title}</body></html>`;

async function ask(...script: readonly Answer[]): Promise<unknown> {
  const server = await startServer(...script);
  const api = new RestApi(server.url, { token: 'hunter2', timeoutMs: 20_000 }, { pace: fakePace() });
  onTestFinished(() => api.close());
  return api.call(ENDPOINTS.getExperimentByName, 'churn');
}

async function failureOf(work: Promise<unknown>): Promise<MlflowError> {
  const error: unknown = await work.catch((each: unknown) => each);
  expect(error).toBeInstanceOf(MlflowError);
  return error as MlflowError; // just asserted
}

describe('a proxy that compresses unasked', () => {
  it.each<[string, Buffer]>([
    ['gzip', gzipSync(good)],
    [' GZIP', gzipSync(good)],
    ['x-gzip', gzipSync(good)],
    ['deflate', deflateSync(good)],
    ['br', brotliCompressSync(good)],
    ['identity', Buffer.from(good)],
  ])('is understood: %s', async (encoding, body) => {
    const answer: Answer = (response) => response.writeHead(200, { 'content-encoding': encoding }).end(body);
    expect(await ask(answer)).toMatchObject({ experimentId: '7', name: 'churn' });
  });

  it('is understood where it refuses', async () => {
    const body = gzipSync(JSON.stringify({ error_code: 'PERMISSION_DENIED', message: 'no' }));
    const error = await failureOf(ask((response) => response.writeHead(403, { 'content-encoding': 'gzip' }).end(body)));
    expect(error).toMatchObject({ status: 403, errorCode: 'PERMISSION_DENIED' });
  });

  it.each([
    ['cut off', gzipSync(good).subarray(0, 20)],
    ['none at all', Buffer.from(good)],
  ])('that says gzip where it is %s is tried again', async (_, body) => {
    const broken: Answer = (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
    expect(await ask(broken, text(good))).toMatchObject({ experimentId: '7' });
    expect(await failureOf(ask(broken))).toMatchObject({ isRetryable: true });
  });

  it('that sends a bomb costs no more memory than is read of a refusal', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, ' '), { level: 1 });
    const beforeBytes = process.memoryUsage().rss;
    const error = await failureOf(ask((response) => response.writeHead(404, { 'content-encoding': 'gzip' }).end(bomb)));
    expect(error.status).toBe(404);
    expect(process.memoryUsage().rss - beforeBytes).toBeLessThan(100 * 1024 * 1024);
  });
});

describe('what is no MLflow', () => {
  it.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
  ])(
    'a login proxy that answers %i with a page is a refusal in words, and shows no credential',
    async (status, code) => {
      const error = await failureOf(ask(text(page('Please sign in hunter2'), status, { 'content-type': 'text/html' })));
      expect(error).toMatchObject({ status, errorCode: code, isRetryable: false });
      expect(error.message).toMatch(/^Please sign in/);
      expect(error.message).not.toContain('hunter2');
    },
  );

  it('a captive portal that answers 200 with a page is waited out', async () => {
    expect(await ask(text(page('Accept the terms')), text(good))).toMatchObject({ experimentId: '7' });
  });

  it('a refusal of 100 MB ends at once, whatever is still to come', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    let sent = 0;
    const endless: Answer = (response) => {
      response.writeHead(404);
      const more = (): void => {
        while (sent < 100 && !response.destroyed) {
          sent += 1;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    };
    expect(await failureOf(ask(endless))).toMatchObject({ status: 404 });
    expect(sent).toBeLessThan(30);
  });

  it('an answer of 100 MB is read whole', async () => {
    const long = JSON.stringify({
      experiment: { ...experiment.experiment, tags: [{ key: 'k', value: 'v'.repeat(1e8) }] },
    });
    const answer = (await ask(text(long))) as { readonly tags: Readonly<Record<string, string>> };
    expect(answer.tags['k']).toHaveLength(1e8);
  });

  it('a connection reset in the middle of an answer is tried again', async () => {
    const torn: Answer = (response) => {
      response.writeHead(200, { 'content-length': good.length }).write(good.slice(0, 10));
      setImmediate(() => response.socket?.resetAndDestroy());
    };
    expect(await ask(torn, text(good))).toMatchObject({ experimentId: '7' });
  });

  it('a Retry-After that is a date is waited for', async () => {
    const inAMinute = new Date(fakePace().now() + 60_000).toUTCString();
    const error = await failureOf(ask(text('', 503, { 'retry-after': inAMinute })));
    expect(error.retryAfterMs).toBe(60_000);
  });
});

// The HTTP store and the artifact proxy against the real MLflow server: the contract, and what only a real server can show.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ArtifactRepository } from '../../src/artifacts/contract.ts';
import { openProxyArtifacts } from '../../src/artifacts/repositories/proxy.ts';
import type { RunEntity } from '../../src/model/entities.ts';
import type { ConnectionOptions } from '../../src/rest/transport/connection.ts';
import type { Store } from '../../src/stores/contract.ts';
import { openHttpStore } from '../../src/stores/http/http-store.ts';
import { describeArtifacts } from '../../src/testing/contract/artifact-suite.ts';
import { describeStore } from '../../src/testing/contract/store-suite.ts';
import { makeRun } from '../../src/testing/contract/store-fixtures.ts';
import { readRun } from './backends.ts';
import { startCuttingProxy } from './cutting-proxy.ts';
import { startForCollection } from './require-backend.ts';

const backend = await startForCollection('mlflow');
const uri = backend?.env.MLFLOW_TRACKING_URI ?? '';
const folder = mkdtempSync(join(tmpdir(), 'runspan-live-'));
afterAll(() => rmSync(folder, { recursive: true }));

function open(connection: ConnectionOptions = {}): Store {
  const store = openHttpStore(uri, connection);
  onTestFinished(() => store.close());
  return store;
}

function openArtifacts(run: RunEntity): ArtifactRepository {
  const artifacts = openProxyArtifacts({ artifactUri: run.info.artifactUri, trackingUri: uri, connection: {} });
  onTestFinished(() => artifacts.close());
  return artifacts;
}

/** A proxy that brings every request to the server under the name it was asked by, as a container's network does. */
async function startForwarder(): Promise<string> {
  const { hostname, port } = new URL(uri);
  const proxy = createServer((asked, answer) => {
    const { pathname, search, host } = new URL(asked.url ?? '');
    const onward = request(
      { hostname, port, path: pathname + search, method: asked.method, headers: { host } },
      (from) => {
        answer.writeHead(from.statusCode ?? 502, from.headers);
        from.pipe(answer);
      },
    );
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  const address = proxy.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

describe.skipIf(backend === undefined)('with MLflow 3.17.2', () => {
  describeStore('http', async () => {
    const store = openHttpStore(uri, {});
    return { store, close: () => store.close() };
  });

  describeArtifacts('the proxy', async () => {
    const store = openHttpStore(uri, {});
    const { info } = await makeRun(store);
    await store.close();
    const artifacts = openProxyArtifacts({ artifactUri: info.artifactUri, trackingUri: uri, connection: {} });
    return { artifacts, close: () => artifacts.close() };
  });

  describe('the store', () => {
    it('loses nothing of a batch to what MLflow cannot parse', async () => {
      const store = open();
      const { info } = await makeRun(store);
      await store.logBatch({
        runId: info.runId,
        metrics: [
          { key: 'nan', value: NaN, timestampMs: 1, step: 0 },
          { key: 'inf', value: Infinity, timestampMs: 2, step: 0 },
          { key: 'loss', value: 0.1, timestampMs: 3, step: 0 },
        ],
        params: [
          { key: 'half', value: 'a\ud800b' },
          { key: 'after', value: '1' },
        ],
        tags: [{ key: 'last', value: '2' }],
      });
      const run = await readRun(uri, info.runId, { artifacts: false });
      expect(run.metrics).toEqual({ nan: 'NaN', inf: 1.7976931348623157e308, loss: 0.1 });
      expect(run.params).toEqual({ half: 'a\ufffdb', after: '1' });
      expect(run.tags).toMatchObject({ last: '2' });
    });

    it('says which option of the server lets its host name through', async () => {
      const store = openHttpStore('http://mlflow:5000', { timeoutMs: 5000, httpProxy: await startForwarder() });
      onTestFinished(() => store.close());
      await expect(store.getExperiment('0')).rejects.toMatchObject({
        status: 403,
        isRetryable: false,
        message: expect.stringContaining('--allowed-hosts mlflow:5000 (MLFLOW_SERVER_ALLOWED_HOSTS)') as string,
      });
    });

    it('says that no MLflow is at a wrong path', async () => {
      const store = openHttpStore(`${uri}/wrong`, {});
      onTestFinished(() => store.close());
      await expect(store.getExperimentByName('a')).rejects.toMatchObject({
        status: 404,
        errorCode: 'ENDPOINT_NOT_FOUND',
      });
    });

    it('lets one of many racing creates win, and tells the others', async () => {
      const store = open();
      const name = `race-${Date.now()}`;
      const ended = await Promise.allSettled(Array.from({ length: 8 }, () => store.createExperiment({ name })));
      const refused = ended.filter((one) => one.status === 'rejected');
      expect(refused).toHaveLength(7);
      for (const { reason } of refused) expect(reason).toMatchObject({ errorCode: 'RESOURCE_ALREADY_EXISTS' });
    });
  });

  describe('the artifact proxy', () => {
    const names = ['plain.txt', 'a b/ü 日本/+;:,=&.bin', 'page.html', 'empty'];

    it('keeps files of every name and size, as Python reads them', async () => {
      const run = await makeRun(open());
      const artifacts = openArtifacts(run);
      const bytes = Buffer.alloc(20_000_000, 'runspan');
      for (const [index, name] of names.entries()) {
        const source = join(folder, 'source');
        const content = index === 1 ? bytes : name === 'empty' ? '' : `<p>${name}</p>`;
        writeFileSync(source, content);
        await artifacts.putFile(name, source);
        await artifacts.getFile(name, join(folder, 'target'));
        expect(readFileSync(join(folder, 'target')).equals(Buffer.from(content))).toBe(true);
      }
      expect(await artifacts.list()).toEqual([
        { path: 'a b', isDir: true, fileSize: undefined },
        { path: 'empty', isDir: false, fileSize: 0 },
        { path: 'page.html', isDir: false, fileSize: 16 },
        { path: 'plain.txt', isDir: false, fileSize: 16 },
      ]);
      expect(await artifacts.list('a b/ü 日本')).toEqual([{ path: names[1], isDir: false, fileSize: bytes.length }]);
      expect(await artifacts.list('nothing')).toEqual([]);
      const read = await readRun(uri, run.info.runId);
      expect(read.artifacts?.map((one) => [one.path, one.downloaded_size])).toEqual(
        expect.arrayContaining([
          ['empty', 0],
          ['page.html', 16],
          ['plain.txt', 16],
          [names[1], bytes.length],
        ]),
      );
    });

    it("keeps a file whose name even MLflow's own client cannot ask for", async () => {
      const artifacts = openArtifacts(await makeRun(open()));
      const source = join(folder, 'odd');
      writeFileSync(source, 'odd');
      await artifacts.putFile('a/50% off?.txt', source);
      await artifacts.getFile('a/50% off?.txt', join(folder, 'odd-target'));
      expect(readFileSync(join(folder, 'odd-target'), 'utf8')).toBe('odd');
      expect((await artifacts.list('a')).map((one) => one.path)).toEqual(['a/50% off?.txt']);
    });

    it('goes on with a download that broke off where it stopped: the server gives parts of its own files', async () => {
      const run = await makeRun(open());
      const source = join(folder, 'cut-source');
      const bytes = randomBytes(12_000_000);
      writeFileSync(source, bytes);
      await openArtifacts(run).putFile('big.bin', source);
      const proxy = await startCuttingProxy(uri, 5_000_000);
      const { artifactUri } = run.info;
      const cut = openProxyArtifacts({ artifactUri, trackingUri: proxy.url, connection: {} });
      onTestFinished(() => cut.close());
      await cut.getFile('big.bin', join(folder, 'cut-target'));
      expect(readFileSync(join(folder, 'cut-target')).equals(bytes)).toBe(true);
      expect(proxy.seen).toEqual([
        { range: undefined, status: 200 },
        { range: expect.stringMatching(/^bytes=\d{6,}-$/) as string, status: 206 },
      ]);
    });

    it('keeps nothing of an upload that broke off', async () => {
      const run = await makeRun(open());
      const artifacts = openArtifacts(run);
      const { hostname, port, host } = new URL(uri);
      const path = run.info.artifactUri.replace('mlflow-artifacts:', '/api/2.0/mlflow-artifacts/artifacts');
      await new Promise<void>((resolve, reject) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(`PUT ${path}/half.bin HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 1000\r\n\r\nhalf`, () =>
            socket.destroy(),
          );
        });
        socket.once('close', resolve).once('error', reject);
      });
      const source = join(folder, 'whole');
      writeFileSync(source, 'whole');
      await artifacts.putFile('whole.bin', source);
      expect((await artifacts.list()).map((one) => one.path)).toEqual(['whole.bin']);
    });
  });
});

// Artifacts by the server's proxy, against a scripted server that keeps what it is given.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { ArtifactRepository } from '../../../src/artifacts/contract.ts';
import { getFolder } from '../../../src/artifacts/repositories/folders.ts';
import { openProxyArtifacts } from '../../../src/artifacts/repositories/proxy.ts';
import type { ConnectionOptions } from '../../../src/rest/transport/connection.ts';
import { fakePace } from '../../rest/fake-pace.ts';
import { json, reset, startServer, text, type Answer } from '../../rest/scripted-server.ts';

const base = '/api/2.0/mlflow-artifacts/artifacts';
let folder: string;
let source: string;
let target: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runspan-proxy-'));
  source = join(folder, 'source.bin');
  target = join(folder, 'target.bin');
  writeFileSync(source, 'hello');
});
afterEach(() => rmSync(folder, { recursive: true }));

interface OpenOptions {
  readonly artifactUri?: string;
  readonly connection?: ConnectionOptions;
}

function open(
  trackingUri: string,
  { artifactUri = 'mlflow-artifacts:/1/r/artifacts', connection: given = {} }: OpenOptions = {},
) {
  const connection = { artifacts: { hasMultipartDownloads: false }, ...given };
  const artifacts: ArtifactRepository = openProxyArtifacts({ artifactUri, trackingUri, connection, pace: fakePace() });
  onTestFinished(() => artifacts.close());
  return artifacts;
}

describe('putFile', () => {
  it('sends the bytes, with their length, to the percent-encoded path', async () => {
    const server = await startServer(text(''));
    await open(`${server.url}/prefix`).putFile('a b/ü?%&=+.txt', source);
    expect(server.seen[0]).toMatchObject({
      method: 'PUT',
      url: `/prefix${base}/1/r/artifacts/a%20b/%C3%BC%3F%25%26%3D%2B.txt`,
      body: 'hello',
      headers: { 'content-length': '5', 'content-type': 'application/octet-stream' },
    });
  });

  it('sends an empty file', async () => {
    const server = await startServer(text(''));
    writeFileSync(source, '');
    await open(server.url).putFile('empty', source);
    expect(server.seen[0]).toMatchObject({ body: '', headers: { 'content-length': '0' } });
  });

  it.each<[string, Answer]>([
    ['503', text('', 503)],
    ['a reset', reset],
    ['a login page, which means it is nowhere', text('<html>Sign in</html>')],
  ])('sends it whole again after %s', async (_, answer) => {
    const server = await startServer(answer, text(''));
    await open(server.url).putFile('a', source);
    expect(server.seen.map((one) => one.body)).toEqual(['hello', 'hello']);
  });

  it('tells a refusal', async () => {
    const server = await startServer(json({ error_code: 'INVALID_PARAMETER_VALUE', message: 'Invalid path' }, 400));
    await expect(open(server.url).putFile('a', source)).rejects.toMatchObject({
      errorCode: 'INVALID_PARAMETER_VALUE',
      message: expect.stringMatching(
        /^Invalid path \(PUT mlflow-artifacts\/artifacts\/1\/r\/artifacts\/a on/,
      ) as string,
    });
  });

  it.each(['../x', '/etc/passwd', 'a/../../x', ''])('refuses the path %j before anything is sent', async (path) => {
    const server = await startServer(text(''));
    const artifacts = open(server.url);
    await expect(artifacts.putFile(path, source)).rejects.toMatchObject({ code: 'INVALID_PATH' });
    await expect(artifacts.getFile(path, target)).rejects.toMatchObject({ code: 'INVALID_PATH' });
    expect(server.seen).toEqual([]);
  });

  it.each(['absent', '.'])('refuses a source that is no file: %s', async (name) => {
    const server = await startServer(text(''));
    const work = open(server.url).putFile('a', join(folder, name));
    await expect(work).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
    expect(server.seen).toEqual([]);
  });
});

describe('list', () => {
  const files = [
    { path: 'b.txt', is_dir: false, file_size: '5' },
    { path: 'a', is_dir: true },
    { path: 'empty', is_dir: false },
  ];

  it('is sorted, with paths relative to the root', async () => {
    const server = await startServer(json({ files }));
    const artifacts = open(server.url);
    expect(await artifacts.list('plots')).toEqual([
      { path: 'plots/a', isDir: true, fileSize: undefined },
      { path: 'plots/b.txt', isDir: false, fileSize: 5 },
      { path: 'plots/empty', isDir: false, fileSize: 0 },
    ]);
    expect((await artifacts.list()).map((file) => file.path)).toEqual(['a', 'b.txt', 'empty']);
    const asked = server.seen.map((one) => new URLSearchParams(one.url.split('?')[1]).get('path'));
    expect(asked).toEqual(['1/r/artifacts/plots', '1/r/artifacts']);
  });

  it('is empty where there is none', async () => {
    const server = await startServer(json({}));
    expect(await open(server.url).list('nothing')).toEqual([]);
  });

  it.each(['../../etc/passwd', '/etc/passwd', 'a/../../b', '..', '..\\x', 'a\\..\\x', 'C:/x', 'a\0'])(
    'is refused where it holds %j',
    async (path) => {
      const server = await startServer(json({ files: [{ path, is_dir: false }] }));
      await expect(open(server.url).list()).rejects.toMatchObject({ code: 'INVALID_PATH' });
    },
  );
});

describe('a folder', () => {
  it('with a name that the server would decode to .. is not brought', async () => {
    const server = await startServer(json({ files: [{ path: '%2e%2e/%2e%2e/x', is_dir: false, file_size: 1 }] }));
    const work = getFolder(open(server.url), '', { targetFolder: join(folder, 'inside') });
    await expect(work).rejects.toMatchObject({ code: 'INVALID_PATH' });
    expect(server.seen).toHaveLength(1);
    expect(readdirSync(folder).toSorted()).toEqual(['inside', 'source.bin']);
  });
});

describe('getFile', () => {
  it('brings the bytes, HTML too', async () => {
    const headers = { 'content-type': 'text/html', 'content-disposition': 'attachment; filename="report.html"' };
    const server = await startServer(text('<html>a report</html>', 200, headers));
    await open(server.url).getFile('report.html', target);
    expect(readFileSync(target, 'utf8')).toBe('<html>a report</html>');
    expect(server.seen[0]?.url).toBe(`${base}/1/r/artifacts/report.html`);
  });

  it('is not fooled by a login page', async () => {
    const server = await startServer(text('<html>Sign in</html>', 200, { 'content-type': 'text/html; charset=utf-8' }));
    const work = open(server.url).getFile('report.html', target);
    await expect(work).rejects.toMatchObject({ message: expect.stringMatching(/with a page: 'Sign in'/) as string });
    expect(readdirSync(folder)).toEqual(['source.bin']);
  });

  it('begins again after an answer that was cut, and leaves no part behind', async () => {
    const cut: Answer = (response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setImmediate(() => response.socket?.destroy());
    };
    const server = await startServer(cut, text('whole'));
    await open(server.url).getFile('a', target);
    expect(readFileSync(target, 'utf8')).toBe('whole');
    expect(readdirSync(folder)).toEqual(['source.bin', 'target.bin']);
    const again = await startServer(cut, text('whole'));
    expect(String(await open(again.url).readFile('a'))).toBe('whole');
  });

  it('leaves what was there where it fails, and no part', async () => {
    writeFileSync(target, 'before');
    const server = await startServer(json({ error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'No such artifact' }, 404));
    const work = open(server.url).getFile('a', target);
    await expect(work).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST', status: 404 });
    expect(readFileSync(target, 'utf8')).toBe('before');
    expect(readdirSync(folder)).toEqual(['source.bin', 'target.bin']);
  });

  it('says what the disk says where it cannot write', async () => {
    const server = await startServer(text('x'));
    const work = open(server.url).getFile('a', join(folder, 'no', 'folder'));
    await expect(work).rejects.toMatchObject({ code: 'ENOENT' });
    expect(server.seen).toEqual([]);
  });
});

describe('an artifact URI', () => {
  it('of another host is reached there, with the path of the tracking URI, without credentials', async () => {
    const tracking = await startServer(text(''));
    const other = await startServer(text(''));
    const artifactUri = `mlflow-artifacts://127.0.0.1:${other.port}/1/r`;
    const artifacts = open(`${tracking.url}/prefix`, { artifactUri, connection: { token: 't0ken' } });
    await artifacts.putFile('a', source);
    expect(tracking.seen).toEqual([]);
    expect(other.seen[0]?.url).toBe(`/prefix${base}/1/r/a`);
    expect(JSON.stringify(other.seen[0]?.headers)).not.toContain('t0ken');
  });

  it('of the tracking host gets the credentials', async () => {
    const server = await startServer(text(''));
    const artifactUri = `mlflow-artifacts://127.0.0.1:${server.port}/1/r`;
    await open(server.url, { artifactUri, connection: { token: 't0ken' } }).putFile('a', source);
    expect(server.seen[0]?.headers['authorization']).toBe('Bearer t0ken');
  });

  it('may be the root', async () => {
    const server = await startServer(json({}));
    const artifacts = open(server.url, { artifactUri: 'mlflow-artifacts:/' });
    await artifacts.list();
    await artifacts.putFile('a', source);
    expect(server.seen.map((one) => one.url)).toEqual([`${base}?path=`, `${base}/a`]);
    expect(artifacts.uri).toBe('mlflow-artifacts:/');
  });

  it('is shown without credentials', () => {
    const artifactUri = 'mlflow-artifacts://ada:hunter2@127.0.0.1:9/1/r/';
    expect(open('http://127.0.0.1:9', { artifactUri }).uri).toBe('mlflow-artifacts://127.0.0.1:9/1/r');
  });

  it.each([
    ['s3://bucket/x', 'UNKNOWN_SCHEME'],
    ['mlflow-artifacts:/../../../mlflow/runs', 'INVALID_PATH'],
    ['mlflow-artifacts://5000/x', 'INVALID_ARGUMENT'],
  ])('%s is refused', (artifactUri, code) => {
    expect(() => open('http://127.0.0.1:9', { artifactUri })).toThrow(expect.objectContaining({ code }));
  });
});

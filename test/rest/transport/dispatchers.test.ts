// TLS and proxies, with a real TLS server and a real proxy.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { RestApi } from '../../../src/rest/api.ts';
import type { ConnectionOptions } from '../../../src/rest/transport/connection.ts';
import { ENDPOINTS } from '../../../src/rest/endpoints/endpoints.ts';
import { fakePace } from '../fake-pace.ts';
import { startProxy } from '../scripted-proxy.ts';
import { json, startServer } from '../scripted-server.ts';
import { ELSEWHERE, selfSigned } from '../self-signed.ts';

const info = { store_type: 'SqlStore' };
const folder = mkdtempSync(join(tmpdir(), 'runspan-tls-'));
const certPath = join(folder, 'cert.pem');
const clientPath = join(folder, 'client.pem');
const ours = selfSigned();
const clientCerts: (string | undefined)[] = [];
let tls: Server;
let tlsUri: string;
/** The same server by a name that only a proxy knows. */
let farUri: string;

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // a TCP server's address is one
}

beforeAll(async () => {
  writeFileSync(certPath, ours.cert);
  writeFileSync(clientPath, `${ours.cert}${ours.key}`);
  tls = createTlsServer({ ...ours, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const socket = request.socket as TLSSocket; // of a TLS server
    const certificate = socket.getPeerCertificate();
    clientCerts.push('subject' in certificate ? String(certificate.subject?.CN) : undefined);
    response.end(JSON.stringify(info));
  });
  tlsUri = `https://127.0.0.1:${await listen(tls)}`;
  farUri = tlsUri.replace('127.0.0.1', ELSEWHERE);
});
afterAll(async () => {
  await new Promise((resolve) => tls.close(resolve));
  rmSync(folder, { recursive: true });
});

function ask(uri: string, connection: ConnectionOptions): Promise<unknown> {
  const api = new RestApi(uri, { timeoutMs: 5000, ...connection }, { pace: fakePace() });
  onTestFinished(() => api.close());
  return api.call(ENDPOINTS.getServerInfo, undefined);
}

describe('TLS', () => {
  it('refuses a certificate it does not know, and names the setting', async () => {
    await expect(ask(tlsUri, {})).rejects.toMatchObject({
      status: 0,
      isAmbiguous: false,
      message: expect.stringMatching(/TLS certificate refused.*MLFLOW_TRACKING_SERVER_CERT_PATH/) as string,
    });
  });

  it('trusts the bundle that is named', async () => {
    await expect(ask(tlsUri, { serverCertPath: certPath })).resolves.toMatchObject({ storeType: 'SqlStore' });
  });

  it('takes any certificate where it is told to', async () => {
    await expect(ask(tlsUri, { isInsecureTls: true })).resolves.toMatchObject({ storeType: 'SqlStore' });
  });

  it('shows a client certificate', async () => {
    clientCerts.length = 0;
    await ask(tlsUri, { serverCertPath: certPath, clientCertPath: clientPath });
    expect(clientCerts).toEqual(['test']);
  });

  it('shows no client certificate to another host', async () => {
    clientCerts.length = 0;
    const connection = { serverCertPath: certPath, clientCertPath: clientPath };
    const api = new RestApi('https://127.0.0.1:9', connection, { host: new URL(tlsUri).host });
    onTestFinished(() => api.close());
    await api.call(ENDPOINTS.getServerInfo, undefined);
    expect(clientCerts).toEqual([undefined]);
  });

  it('refuses settings that exclude each other, and files that are not there, at once', () => {
    const open = (connection: ConnectionOptions) => () => new RestApi(tlsUri, connection);
    expect(open({ isInsecureTls: true, serverCertPath: certPath })).toThrow(/exclude each other/);
    expect(open({ serverCertPath: join(folder, 'absent.pem') })).toThrow(
      expect.objectContaining({ code: 'FILE_NOT_READABLE' }),
    );
    writeFileSync(join(folder, 'key.pem'), ours.key);
    writeFileSync(join(folder, 'empty.pem'), '');
    expect(open({ serverCertPath: join(folder, 'empty.pem') })).toThrow(
      /There is no certificate in '.*empty\.pem', which MLFLOW_TRACKING_SERVER_CERT_PATH names/,
    );
    expect(open({ serverCertPath: join(folder, 'key.pem') })).toThrow(
      expect.objectContaining({ code: 'INVALID_SETTINGS' }),
    );
    expect(open({ clientCertPath: folder })).toThrow(/MLFLOW_TRACKING_CLIENT_CERT_PATH/);
  });
});

describe('a proxy', () => {
  it('is asked for an http server, and gets no tracking password of its own', async () => {
    const proxy = await startProxy(JSON.stringify(info));
    await ask('http://mlflow.example', { httpProxy: `http://127.0.0.1:${proxy.port}` });
    expect(proxy.passed[0]?.line).toMatch(/mlflow\.example/);
    expect(proxy.passed[0]?.authorization).toBeUndefined();
  });

  it('tunnels to an https server, whose certificate is checked all the same', async () => {
    const proxy = await startProxy(JSON.stringify(info));
    const httpsProxy = `http://127.0.0.1:${proxy.port}`;
    const asked = ask(farUri, { httpsProxy, serverCertPath: certPath, token: 'hunter2' });
    await expect(asked).resolves.toMatchObject({ storeType: 'SqlStore' });
    await expect(ask(farUri, { httpsProxy })).rejects.toThrow(/TLS certificate refused/);
    expect(proxy.passed[0]?.line).toBe(`CONNECT ${new URL(farUri).host}`);
    expect(JSON.stringify(proxy.passed)).not.toContain('hunter2');
  });

  it('shows the client certificate to the server behind the tunnel', async () => {
    const proxy = await startProxy(JSON.stringify(info));
    clientCerts.length = 0;
    const identity = { serverCertPath: certPath, clientCertPath: clientPath };
    await ask(farUri, { httpsProxy: `http://127.0.0.1:${proxy.port}`, ...identity });
    expect(clientCerts).toEqual(['test']);
  });

  it('is left out for whom NO_PROXY names, and for this machine', async () => {
    const proxy = await startProxy(JSON.stringify(info));
    const httpsProxy = `http://127.0.0.1:${proxy.port}`;
    await expect(ask(tlsUri, { httpsProxy, serverCertPath: certPath })).resolves.toMatchObject({
      storeType: 'SqlStore',
    });
    // nobody has that name, so whoever goes straight finds nobody
    await expect(ask(farUri, { httpsProxy, noProxy: ELSEWHERE })).rejects.toThrow(/host not found/);
    expect(proxy.passed).toEqual([]);
  });

  it('gets the password of its own URI, which no error shows', async () => {
    const proxy = await startProxy(JSON.stringify(info), 'hunter2');
    const at = (password: string): string => `http://ada:${password}@127.0.0.1:${proxy.port}`;
    await ask(farUri, { httpsProxy: at('hunter2'), serverCertPath: certPath });
    const refused = ask(farUri, { httpsProxy: at('wr0ng'), serverCertPath: certPath });
    await expect(refused).rejects.toThrow(
      /the proxy refused: .*407.* Put user and password into the URL of HTTPS_PROXY: http:\/\/user:password@host:port\.$/,
    );
    await expect(refused).rejects.not.toThrow(/wr0ng/);
  });

  it.each([
    [{}, /Put user and password into the URL of HTTP_PROXY:/],
    [{ httpProxyName: 'all_proxy' }, /Put user and password into the URL of all_proxy:/],
  ])('of an http server that wants a password is called what it was read from: %o', async (name, message) => {
    const proxy = await startProxy(JSON.stringify(info), 'hunter2');
    const refused = ask('http://mlflow.example', { httpProxy: `http://127.0.0.1:${proxy.port}`, ...name });
    await expect(refused).rejects.toThrow(message);
  });

  it('that is away was never sent through', async () => {
    const server = await startServer(json(info));
    await server.close();
    const asked = ask(farUri, { httpsProxy: `http://127.0.0.1:${server.port}` });
    await expect(asked).rejects.toMatchObject({ status: 0, isAmbiguous: false });
  });

  it('must be http or https, and is not shown where it is not', () => {
    const open = (): unknown => new RestApi(farUri, { httpsProxy: 'gopher://ada:hunter2@h' });
    expect(open).toThrow(expect.objectContaining({ code: 'INVALID_SETTINGS' }));
    expect(open).not.toThrow(/hunter2/);
  });
});

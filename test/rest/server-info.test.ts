// What a server offers is asked once, for all repositories of a connection.
import { expect, it, onTestFinished } from 'vitest';
import { RestApi } from '../../src/rest/api.ts';
import { askServerInfo } from '../../src/rest/server-info.ts';
import { fakePace } from './fake-pace.ts';
import { json, startServer, text, type Answer } from './scripted-server.ts';

const info = json({ store_type: 'SqlStore', multipart_uploads_enabled: true });

async function open(...script: readonly Answer[]) {
  const server = await startServer(...script);
  const connection = {};
  const ask = (of: object = connection) => {
    const api = new RestApi(server.url, {}, { pace: fakePace() });
    onTestFinished(() => api.close());
    return askServerInfo(api, of);
  };
  return { server, ask };
}

it('is asked once, also by two at a time', async () => {
  const { server, ask } = await open(info);
  const answers = await Promise.all([ask(), ask()]);
  expect([...answers, await ask()]).toEqual(Array(3).fill(expect.objectContaining({ hasMultipartUploads: true })));
  expect(server.seen).toHaveLength(1);
  await ask({}); // another connection may be another user's
  expect(server.seen).toHaveLength(2);
});

it('is asked once of a server that is too old to say', async () => {
  const { server, ask } = await open(text('Not Found', 404));
  expect([await ask(), await ask()]).toEqual([undefined, undefined]);
  expect(server.seen).toHaveLength(1);
});

it('is asked again of a server that refused, or was away', async () => {
  const refused = await open(text('no', 403), info);
  expect([await refused.ask(), await refused.ask()]).toMatchObject([undefined, { hasMultipartUploads: true }]);
  const away = text('', 503);
  const broken = await open(away, away, away, info);
  await expect(broken.ask()).rejects.toMatchObject({ status: 503 });
  expect(await broken.ask()).toMatchObject({ hasMultipartUploads: true });
});

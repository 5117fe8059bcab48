// `~/.mlflow/credentials`, and whose credentials win: what MLflow's own Python client reads, and what it sends.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { resolveMlflowSettings } from '../../src/config/settings/mlflow-settings.ts';
import { loadSources } from '../../src/config/settings/sources.ts';
import { readTrackingServer } from '../../src/rest/transport/credentials.ts';
import { CREDENTIALS_FILES } from '../fixtures/credentials/files.ts';
import { askPython } from './ask-python.ts';
import { makeFolder } from './live-job.ts';

const NOBODY = 'http://127.0.0.1:9';

test('each file holds for Python what the fixture says', async () => {
  const read = `(lambda credentials, given: [
    (open(given['path'], 'w', newline='').write(text),
     setattr(credentials, '_get_credentials_path', lambda: given['path']),
     list(credentials._read_mlflow_creds_from_file()))[2] for text in given['texts']
  ])(__import__('mlflow.utils.credentials', fromlist=['_']), given)`.replaceAll('\n', ' ');
  const given = { path: join(makeFolder(), 'credentials'), texts: CREDENTIALS_FILES.map(({ text }) => text) };
  const { found } = await askPython(NOBODY, { found: read }, given);
  expect(found).toEqual({ value: CREDENTIALS_FILES.map(({ username, password }) => [username, password]) });
});

test('of the URI, user and password, and a token the same one is sent', async () => {
  const sent: (string | undefined)[] = [];
  const server = createServer((asked, answer) => {
    sent.push(asked.headers.authorization);
    answer.writeHead(404).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo; // a TCP server's address is one
  const env = { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'hunter2', MLFLOW_TRACKING_TOKEN: 'token' };
  const at = `127.0.0.1:${port}`;
  const ways = [
    { uri: `http://uri:uripw@${at}`, env },
    { uri: `http://${at}`, env },
    { uri: `http://${at}`, env: { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_TOKEN: 'token' } },
    { uri: `http://${at}`, env: { MLFLOW_TRACKING_USERNAME: 'ada' } },
  ];
  const send = `(lambda given, environ, credentials, rest: [
    ([environ.pop(name, None) for name in given['all']], environ.update(way['env']),
     rest.http_request(credentials.get_default_host_creds(way['uri']), '/x', 'GET').status_code)[2] for way in given['ways']
  ])(given, __import__('os').environ, __import__('mlflow.utils.credentials', fromlist=['_']),
     __import__('mlflow.utils.rest_utils', fromlist=['_']))`.replaceAll('\n', ' ');
  const { answered } = await askPython(NOBODY, { answered: send }, { all: Object.keys(env), ways });
  expect(answered).toEqual({ value: ways.map(() => 404) });
  const ours = ways.map((way) => {
    const settings = resolveMlflowSettings(
      { trackingUri: way.uri },
      loadSources({ folder: makeFolder(), env: way.env }),
    );
    return readTrackingServer(settings.trackingUri, settings.connection).headers['authorization'];
  });
  expect(sent).toHaveLength(ways.length);
  expect(ours).toEqual(sent);
});

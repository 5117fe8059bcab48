// Credentials, looked for wherever a job leaves something: messages, logs, the journal, artifacts, and another host.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { json, startServer, text, type Answer } from '../rest/scripted-server.ts';
import { journalFolders, makeFolder, runJob } from './run-job.ts';

const basic = Buffer.from('ada:hunter2').toString('base64');

interface Ways {
  readonly env?: Readonly<Record<string, string>>;
  readonly file?: string;
  readonly asUri?: (uri: string) => string;
  readonly byFunction?: boolean;
  readonly sent: string;
}

test.each<[string, Ways]>([
  [
    'variables',
    { env: { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'hunter2' }, sent: `Basic ${basic}` },
  ],
  ['a token', { env: { MLFLOW_TRACKING_TOKEN: 'hunter2-token' }, sent: 'Bearer hunter2-token' }],
  ['a function', { byFunction: true, sent: 'Bearer hunter2-of-the-function' }],
  ['the URI', { asUri: (uri) => uri.replace('//', '//ada:hunter2@'), sent: `Basic ${basic}` }],
  [
    '~/.mlflow/credentials',
    { file: '[mlflow]\nmlflow_tracking_username=ada\nmlflow_tracking_password=hunter2\n', sent: `Basic ${basic}` },
  ],
])('of %s go to the tracking server, and show nowhere', async (_, { env, file, asUri, byFunction, sent }) => {
  const other = await startServer(json({}));
  const experiment = json({ experiment: { experiment_id: '0', name: 'e2e', lifecycle_stage: 'active' } });
  const echo: Answer = (response, { headers: { authorization = '' } }) => {
    const inClear = Buffer.from(authorization.replace(/^\w+ /, ''), 'base64').toString('latin1');
    response.writeHead(503).end(`no: ${authorization} ${authorization.startsWith('Basic') ? inClear : ''}`);
  };
  let count = 0;
  const server = await startServer((response, request) => {
    count += 1;
    if (request.url.includes('get-by-name')) return experiment(response, request);
    if (request.url.includes('experiments/get?')) return echo(response, request);
    if (count % 3 === 0) return text('', 307, { location: `${other.url}${request.url}` })(response, request);
    return (count % 3 === 1 ? echo : text('<h1>Sign in</h1>'))(response, request);
  });
  const folder = makeFolder();
  const home = makeFolder();
  if (file !== undefined) {
    mkdirSync(join(home, '.mlflow'));
    writeFileSync(join(home, '.mlflow', 'credentials'), file);
  }
  const trackingUri = asUri?.(server.url) ?? server.url;
  const job = await runJob('keeps-secrets.mjs', {
    folder,
    args: [JSON.stringify({ trackingUri, byFunction })],
    env: { HOME: home, ...env },
  });
  expect(job.code, job.stderr).toBe(0);
  expect(new Set(server.seen.map(({ headers }) => headers.authorization))).toEqual(new Set([sent]));
  expect(other.seen, 'nothing follows a redirect').toEqual([]);
  expect(journalFolders(folder), 'it has something to show').toHaveLength(1);

  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map((each) => each.name)).toContain('job.log');
  const places = [
    ['stdout', job.stdout] as const,
    ['stderr', job.stderr] as const,
    ...files.map((each) => [each.name, readFileSync(join(each.parentPath, each.name), 'latin1')] as const),
  ];
  for (const name of ['job.log', 'stdout']) expect(new Map(places).get(name)).toMatch(/no: \w+ \[REDACTED\]/);
  const shown = places.filter(([, content]) => /hunter2/.test(content) || content.includes(basic));
  expect(shown.map(([name]) => name)).toEqual([]);
});

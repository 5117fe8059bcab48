// A registry apart from the tracking server: what goes to which of two servers, and as whom.
import { describe, expect, it } from 'vitest';
import { json, startServer, type ScriptedServer } from '../../rest/scripted-server.ts';
import { startService } from './mlflow-fixture.ts';

const model = { registered_model: { name: 'churn', creation_timestamp: 1, last_updated_timestamp: 1 } };
const experiment = { experiment: { experiment_id: '1', name: 'exp', lifecycle_stage: 'active' } };

function start(): Promise<ScriptedServer> {
  return startServer((response, request) =>
    json(request.url.includes('registered-models') ? model : experiment)(response, request),
  );
}

const as = (url: string, user: string): string => url.replace('//', `//${user}:secret-of-${user}@`);
const basic = (user: string): string => `Basic ${Buffer.from(`${user}:secret-of-${user}`).toString('base64')}`;
const seenBy = (server: ScriptedServer): { paths: string[]; authorizations: (string | undefined)[] } => ({
  paths: server.seen.map(({ url }) => new URL(url, server.url).pathname.replace('/api/2.0/mlflow/', '')),
  authorizations: [...new Set(server.seen.map(({ headers }) => headers.authorization))],
});

describe.each(['worker', 'inline'] as const)('a registry URI of its own, drained in the %s', (drain) => {
  it('takes what belongs to the registry, and none of the credentials in the tracking URI', async () => {
    const [tracking, registry] = [await start(), await start()];
    const { mlflow } = await startService({ drain, trackingUri: as(tracking.url, 'me'), registryUri: registry.url });
    const client = mlflow.client();
    expect(await client.getRegisteredModel('churn')).toMatchObject({ name: 'churn' });
    expect(await client.getExperiment('1')).toMatchObject({ name: 'exp' });
    expect(seenBy(registry)).toEqual({ paths: ['registered-models/get'], authorizations: [undefined] });
    expect(seenBy(tracking).paths).toContain('experiments/get');
    expect(seenBy(tracking).paths).not.toContain('registered-models/get');
    expect(seenBy(tracking).authorizations).toEqual([basic('me')]);
    expect([client.trackingUri, client.registryUri]).toEqual([tracking.url, registry.url]);
  });

  it('is reached with the credentials in it, which the tracking server does not see', async () => {
    const [tracking, registry] = [await start(), await start()];
    const { mlflow } = await startService({ drain, trackingUri: tracking.url, registryUri: as(registry.url, 'you') });
    await mlflow.client().getRegisteredModel('churn');
    await mlflow.client().getExperiment('1');
    expect(seenBy(registry).authorizations).toEqual([basic('you')]);
    expect(seenBy(tracking).authorizations).toEqual([undefined]);
  });
});

describe('a registry URI', () => {
  it('is the tracking server with other credentials too', async () => {
    const server = await start();
    const { mlflow } = await startService({ trackingUri: as(server.url, 'me'), registryUri: as(server.url, 'you') });
    await mlflow.client().getRegisteredModel('churn');
    await mlflow.client().getExperiment('1');
    const by = (path: string): unknown => server.seen.find(({ url }) => url.includes(path))?.headers.authorization;
    expect([by('registered-models/get'), by('experiments/get?')]).toEqual([basic('you'), basic('me')]);
  });

  it('is a server where runs are kept in a file', async () => {
    const registry = await start();
    const { mlflow } = await startService({ registryUri: registry.url });
    expect(await mlflow.client().getRegisteredModel('churn')).toMatchObject({ name: 'churn' });
    expect(await mlflow.client().getExperimentByName('exp')).toMatchObject({ name: 'exp' });
    expect(seenBy(registry).paths).toEqual(['registered-models/get']);
  });

  it('that cannot be opened is said by what needs it, and by nothing else', async () => {
    const { mlflow } = await startService({ registryUri: 'ftp://h/' });
    expect(await mlflow.client().getExperimentByName('exp')).toMatchObject({ name: 'exp' });
    await expect(mlflow.client().getRegisteredModel('churn')).rejects.toMatchObject({ code: 'UNKNOWN_SCHEME' });
  });

  it('is the tracking URI where none is given', async () => {
    const server = await start();
    const { mlflow } = await startService({ trackingUri: as(server.url, 'me') });
    await mlflow.client().getRegisteredModel('churn');
    expect(seenBy(server).authorizations).toEqual([basic('me')]);
  });
});

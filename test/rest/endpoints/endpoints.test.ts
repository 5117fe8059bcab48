// The table as a whole, and the endpoints that no store method asks for.
import { describe, expect, it, onTestFinished } from 'vitest';
import { RestApi } from '../../../src/rest/api.ts';
import { ENDPOINTS } from '../../../src/rest/endpoints/endpoints.ts';
import { json, startServer, type Answer } from '../scripted-server.ts';

async function open(answer: Answer) {
  const server = await startServer(answer);
  const api = new RestApi(server.url, {});
  onTestFinished(() => api.close());
  return { server, api };
}

describe('ENDPOINTS', () => {
  it('repeats only what a second sending does not do twice', () => {
    const once = Object.entries(ENDPOINTS).filter(([, endpoint]) => endpoint.effect === 'once');
    expect(once.map(([name]) => name)).toEqual([
      'createExperiment',
      'renameExperiment',
      'deleteExperiment',
      'restoreExperiment',
      'deleteExperimentTag',
      'createRun',
      'deleteTag',
      'logOutputs',
      'createLoggedModel',
      'deleteLoggedModel',
    ]);
  });

  it('writes nothing by GET', () => {
    for (const endpoint of Object.values(ENDPOINTS))
      if (endpoint.method === 'GET') expect(endpoint.effect).toBe('read');
  });

  it('lists the artifacts of a run', async () => {
    const { api, server } = await open(
      json({ root_uri: 'x', files: [{ path: 'a', is_dir: true }], next_page_token: 't' }),
    );
    expect(await api.call(ENDPOINTS.listRunArtifacts, { runId: 'r1', path: 'p q', pageToken: 'u' })).toEqual({
      items: [{ path: 'a', isDir: true, fileSize: undefined }],
      nextPageToken: 't',
    });
    expect(server.seen[0]?.url).toBe('/api/2.0/mlflow/artifacts/list?run_id=r1&path=p+q&page_token=u');
  });

  it('asks a server what it is', async () => {
    const { api, server } = await open(json({ store_type: 'SqlStore', multipart_uploads_enabled: true }));
    expect(await api.call(ENDPOINTS.getServerInfo, undefined)).toEqual({
      storeType: 'SqlStore',
      hasMultipartUploads: true,
      hasMultipartDownloads: false,
    });
    expect(server.seen[0]?.url).toBe('/api/3.0/mlflow/server-info');
  });
});

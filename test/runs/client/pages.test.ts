// Searches page by page: each page is asked for when it is reached, from where the caller says, and not after a break.
import { expect, test } from 'vitest';
import type { MlflowClient } from '../../../src/runs/client/mlflow-client.ts';
import type { PagedList } from '../../../src/runs/client/paged-list.ts';
import { askedClient } from './asked-client.ts';

type Begin = { readonly pageToken: string };
const SEARCHES: readonly [name: string, search: (client: MlflowClient, options: Begin) => PagedList<unknown>][] = [
  ['searchExperiments', (client, options) => client.searchExperiments(options)],
  ['searchRuns', (client, options) => client.searchRuns(['1'], options)],
  ['searchLoggedModels', (client, options) => client.searchLoggedModels(['1'], options)],
  ['searchRegisteredModels', (client, options) => client.searchRegisteredModels(options)],
  ['searchModelVersions', (client, options) => client.searchModelVersions(options)],
  ['searchRegisteredModels', (client, options) => client.searchPrompts(options)],
  ['searchModelVersions', (client, options) => client.searchPromptVersions('greeting', options)],
  ['searchDatasets', (client, options) => client.searchDatasets(options)],
  ['getDatasetRecords', (client, options) => client.getDatasetRecords('d-1', options)],
  ['searchTraces', (client, options) => client.searchTraces({ locations: ['1'], includeSpans: false, ...options })],
  ['listWebhooks', (client, options) => client.listWebhooks(options)],
  ['searchMcpServers', (client, options) => client.searchMcpServers(options)],
  ['searchMcpServerVersions', (client, options) => client.searchMcpServerVersions('a/b', options)],
];

test.each(SEARCHES)('%s begins at a page token, and goes on from there', async (name, search) => {
  const tokens: unknown[] = [];
  const { client } = askedClient({
    getRegisteredModel: {
      name: 'greeting',
      tags: { 'mlflow.prompt.is_prompt': 'true' },
      aliases: {},
      latestVersions: [],
    },
    [name]: ({ pageToken }: { pageToken?: string }) => {
      tokens.push(pageToken);
      return { items: [], nextPageToken: pageToken === 'given' ? 'next' : undefined };
    },
  });
  expect(await search(client, { pageToken: 'given' }).all()).toEqual([]);
  expect(tokens).toEqual(['given', 'next']);
  await search(client, { pageToken: 'given' }).firstPage();
  expect(tokens).toEqual(['given', 'next', 'given']);
});

test('who breaks off in the middle asks for no page more, and may begin anew', async () => {
  const pages: unknown[] = [];
  const { client } = askedClient({
    searchRuns: (request: { pageToken?: string; maxResults?: number; orderBy?: readonly string[] }) => {
      pages.push(request);
      const first = Number(request.pageToken ?? 0);
      return { items: [first, first + 1], nextPageToken: String(first + 2) };
    },
  });
  const runs = client.searchRuns(['1'], { maxResults: 2, orderBy: ['start_time ASC'] });
  for (const _ of [1, 2]) {
    const seen: unknown[] = [];
    for await (const run of runs) {
      seen.push(run);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([0, 1, 2]);
  }
  expect(pages).toHaveLength(4);
  expect(pages[0]).toMatchObject({ experimentIds: ['1'], maxResults: 2, orderBy: ['start_time ASC'] });
  expect(pages[1]).toMatchObject({ pageToken: '2', maxResults: 2 });
});

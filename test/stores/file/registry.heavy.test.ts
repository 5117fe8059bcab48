// Several processes that register in one folder at once: every number is given once, and what they write is whole.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFileStore } from '../../../src/stores/file/file-store.ts';
import { freshFolder } from '../mlflow-file.ts';

const PROCESSES = 4;
const VERSIONS = 15;
const STORE = new URL('../../../src/stores/file/file-store.ts', import.meta.url).href;

test('four processes make one model, its versions and their marks', async () => {
  const root = join(freshFolder(), 'mlruns');
  const script = `
    import { openFileStore } from ${JSON.stringify(STORE)};
    const store = openFileStore({ path: ${JSON.stringify(root)} });
    const me = process.argv[1];
    const name = 'churn';
    await store.request('createRegisteredModel', { name, tags: [] }).catch((error) => {
      if (error.errorCode !== 'RESOURCE_ALREADY_EXISTS') throw error;
    });
    for (let at = 0; at < ${VERSIONS}; at += 1) {
      const tags = [{ key: 'by', value: me + ' ' + at }];
      const { version } = await store.request('createModelVersion', { name, source: 's3://bucket/' + me, tags });
      await store.request('setModelVersionTag', { name, version, key: 'own', value: me });
      await store.request('setRegisteredModelAlias', { name, alias: 'last-' + me, version });
      await store.request('setRegisteredModelTag', { name, key: 'at-' + me, value: String(at) });
    }
    await store.close();`;
  const children = Array.from({ length: PROCESSES }, (_, index) =>
    spawn(process.execPath, ['--input-type=module', '-e', script, String(index)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number));
  expect(codes).toEqual(children.map(() => 0));

  const store = openFileStore({ path: root });
  const found = await store.request('searchModelVersions', { maxResults: 1_000, orderBy: ['version_number'] });
  expect(found.items.map(({ version }) => Number(version))).toEqual(
    Array.from({ length: PROCESSES * VERSIONS }, (_, at) => at + 1),
  );
  expect(new Set(found.items.map(({ tags }) => tags['by'])).size).toBe(PROCESSES * VERSIONS);
  for (const { source, tags } of found.items) expect(source).toBe(`s3://bucket/${tags['own']}`);
  const { tags, aliases, latestVersions } = await store.request('getRegisteredModel', 'churn');
  expect(latestVersions).toMatchObject([{ version: String(PROCESSES * VERSIONS) }]);
  for (const me of Array.from({ length: PROCESSES }, (_, index) => index)) {
    expect(tags[`at-${me}`]).toBe(String(VERSIONS - 1));
    const { version } = found.items.findLast((each) => each.tags['own'] === String(me)) ?? {};
    expect(aliases[`last-${me}`]).toBe(version);
  }
  await store.close();
});

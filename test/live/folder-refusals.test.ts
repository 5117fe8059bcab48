// What the model registry of a folder of runs refuses, by our client and by Python's on the same folder. Where Python says otherwise there
// than on a server, as of a version of a model that is not there (500), ours says what a server says, and it is not in this list.
import { join } from 'node:path';
import { test } from 'vitest';
import { startService } from './in-process.ts';
import { makeFolder } from './live-job.ts';
import { type Call, expectRefusedAlike } from './refused-alike.ts';

test('what Python refuses in a folder of runs, we refuse alike', { timeout: 120_000 }, async () => {
  const trackingUri = join(makeFolder(), 'mlruns');
  const ours = (await startService({ trackingUri, experimentName: 'jobs' })).client();
  await ours.createRegisteredModel('taken');
  await ours.createModelVersion('taken', 's3://bucket/x');
  await ours.registerPrompt('a.prompt', 'Hi {{name}}');
  const calls: readonly Call[] = [
    ['createRegisteredModel', 'taken'],
    ['createRegisteredModel', 'a.prompt'],
    ['createRegisteredModel', ''],
    ['createRegisteredModel', 'a/b'],
    ['createRegisteredModel', '100%25'],
    ['getRegisteredModel', 'absent'],
    ['getRegisteredModel', '100%'],
    ['getRegisteredModel', 'a.prompt'],
    ['renameRegisteredModel', 'absent', 'b'],
    ['renameRegisteredModel', 'taken', ' '],
    ['renameRegisteredModel', 'taken', 'a.prompt'],
    ['deleteRegisteredModel', 'absent'],
    ['getLatestVersions', 'absent'],
    ['setRegisteredModelTag', 'absent', 'k', 'v'],
    ['setRegisteredModelTag', 'taken', 'a'.repeat(251), 'v'],
    ['setRegisteredModelTag', 'taken', 'k', 'v'.repeat(100_001)],
    ['deleteRegisteredModelTag', 'taken', 'absent'],
    ['createModelVersion', 'a/b', 's3://bucket/x'],
    ['getModelVersion', 'taken', '9'],
    ['getModelVersion', 'taken', 'x'],
    ['getModelVersion', 'a.prompt', '1'],
    ['getModelVersionDownloadUri', 'taken', '9'],
    ['deleteModelVersion', 'taken', '9'],
    ['setModelVersionTag', 'taken', '9', 'k', 'v'],
    ['setModelVersionTag', 'taken', '', 'k', 'v'],
    ['deleteModelVersionTag', 'taken', '1', 'absent'],
    ['transitionModelVersionStage', 'taken', '1', 'Nowhere'],
    ['transitionModelVersionStage', 'taken', '1', ' '],
    ['setRegisteredModelAlias', 'taken', 'latest', '1'],
    ['setRegisteredModelAlias', 'taken', 'v1', '1'],
    ['setRegisteredModelAlias', 'taken', 'a b', '1'],
    ['setRegisteredModelAlias', 'taken', 'a', '9'],
    ['setRegisteredModelAlias', 'taken', 'a', 'one'],
    ['deleteRegisteredModelAlias', 'taken', 'absent'],
    ['getModelVersionByAlias', 'taken', 'absent'],
    ['getModelVersionByAlias', 'absent', 'a'],
    ['getModelVersionByAlias', 'taken', 'a b'],
    ['getModelVersionByAlias', 'a.prompt', 'latest'],
    ['getModelVersion', 'absent', 'x'],
    ['getModelVersionDownloadUri', 'a.prompt', '1'],
    ['createModelVersion', 'taken', 'models:/taken@absent'],
    ['copyModelVersion', 'models:/a.prompt/1', 'b'],
    ['copyModelVersion', 'models:/taken/9', 'b'],
    ['copyModelVersion', 'runs:/a/b', 'b'],
    ['updateModelVersion', 'taken', '1'],
    ['searchRegisteredModels', { filterString: "nonsense = 'a'" }],
    ['searchRegisteredModels', { maxResults: 1001 }],
    ['searchRegisteredModels', { orderBy: ['nonsense'] }],
    ['searchRegisteredModels', { filterString: "tags.a IN ('b')" }],
    ['searchModelVersions', { filterString: "name > 'a'" }],
    ['searchModelVersions', { maxResults: 200_001 }],
    ['loadPrompt', 'prompts:/nobody/1'],
    ['createPrompt', 'a.prompt'],
  ];
  await expectRefusedAlike(ours, trackingUri, calls);
});

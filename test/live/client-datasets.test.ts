// Evaluation datasets by our client and by Python's, on one server: each reads what the other did, and both are refused alike.
import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import type { DatasetRecord, MlflowClient } from '../../src/index.ts';
import { askPython, expectAlike } from './ask-python.ts';
import { startService } from './in-process.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');
const uri = (): string => mlflow.env.MLFLOW_TRACKING_URI;
const user = userInfo().username;

async function start(): Promise<{ client: MlflowClient; experimentIds: readonly string[] }> {
  const service = await startService({ trackingUri: uri(), experimentName: 'datasets' });
  const client = service.client();
  const suffix = `${Date.now()}`;
  const experimentIds = [await client.createExperiment(`a-${suffix}`), await client.createExperiment(`b-${suffix}`)];
  return { client, experimentIds };
}

const RECORDS = `[{"inputs": r.inputs, "outputs": r.outputs, "expectations": r.expectations, "tags": r.tags,
  "source": r.source.to_dict() if r.source else None, "by": r.created_by} for r in sorted(dataset.records, key=lambda r: r.inputs["question"])]`;

test('Python reads the dataset that our client made', async () => {
  const { client, experimentIds } = await start();
  const [first = '', second = ''] = experimentIds;
  const made = await client.createDataset('qa ä', { experimentId: [first], tags: { stage: 'dev', gone: 'x' } });
  expect(made).toMatchObject({ name: 'qa ä', tags: { stage: 'dev', 'mlflow.user': user }, createdBy: user });
  const { datasetId } = made;
  expect(datasetId).toMatch(/^d-[0-9a-f]{32}$/);
  await client.setDatasetTags(datasetId, { stage: 'prod', 'a/b %': '' });
  await client.deleteDatasetTag(datasetId, 'gone');
  await client.addDatasetToExperiments(datasetId, [second]);
  await client.removeDatasetFromExperiments(datasetId, [first]);
  expect(await client.getDatasetExperimentIds(datasetId)).toEqual([second]);
  const merged = await client.mergeDatasetRecords(datasetId, [
    { inputs: { question: 'Wer?', big: 9_007_199_254_740_993n }, expectations: { answer: 'Ä' }, tags: { a: 'b' } },
    { inputs: { question: 'Wo?' }, outputs: { loss: NaN, best: -Infinity, list: [1, 2.5, null, true] } },
    {
      inputs: { question: 'Wann?' },
      outputs: 'now',
      source: { sourceType: 'DOCUMENT', sourceData: { uri: 's3://x' } },
    },
  ]);
  expect(merged).toEqual({ insertedCount: 3, updatedCount: 0 });
  const again = await client.mergeDatasetRecords(datasetId, [{ inputs: { question: 'Wo?' }, tags: { seen: 'twice' } }]);
  expect(again).toEqual({ insertedCount: 0, updatedCount: 1 });

  const theirs = await askPython(
    uri(),
    {
      dataset: 'client.get_dataset(given["datasetId"])',
      about: '{"name": dataset.name, "tags": dataset.tags, "ids": dataset.experiment_ids, "by": dataset.created_by}',
      records: RECORDS,
    },
    { datasetId },
  );
  expect(theirs.about.value).toEqual({
    name: 'qa ä',
    tags: { stage: 'prod', 'a/b %': '', 'mlflow.user': user },
    ids: [second],
    by: user,
  });
  const tags = { 'mlflow.user': user };
  const own = { by: user, expectations: null, tags };
  expect(theirs.records.value).toEqual([
    {
      ...own,
      inputs: { question: 'Wann?' },
      outputs: 'now',
      source: { source_type: 'DOCUMENT', source_data: { uri: 's3://x' } },
    },
    {
      ...own,
      inputs: { question: 'Wer?', big: '9007199254740993n' },
      outputs: {},
      expectations: { answer: 'Ä' },
      tags: { ...tags, a: 'b' },
      source: { source_type: 'HUMAN', source_data: {} },
    },
    {
      ...own,
      inputs: { question: 'Wo?' },
      outputs: { loss: 'NaN', best: '-Infinity', list: [1, 2.5, null, true] },
      tags: { ...tags, seen: 'twice' },
      source: { source_type: 'CODE', source_data: {} },
    },
  ]);
  const all = await client.getDatasetRecords(datasetId, { maxResults: 2 }).all();
  const question = (record: DatasetRecord): string => String(record.inputs['question']);
  const ours = all.toSorted((a, b) => (question(a) < question(b) ? -1 : 1));
  expect(ours.map(({ inputs }) => inputs)).toEqual([
    { question: 'Wann?' },
    { question: 'Wer?', big: 9_007_199_254_740_993n },
    { question: 'Wo?' },
  ]);
  expect(ours[2]?.outputs).toEqual({ loss: NaN, best: -Infinity, list: [1, 2.5, null, true] });
  expect(await client.deleteDatasetRecords(datasetId, [ours[0]?.datasetRecordId ?? '', 'dr-none'])).toBe(1);
  expect(await client.deleteDatasetRecords(datasetId, ['dr-none'])).toBe(0);
  expect(await client.getDatasetRecords(datasetId).all()).toHaveLength(2);
  await client.deleteDataset(datasetId);
  await client.deleteDataset(datasetId);
  await expect(client.getDataset(datasetId)).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
});

test('our client reads the datasets that Python made, by filter and order, page by page', async () => {
  const { client, experimentIds } = await start();
  const [experimentId = ''] = experimentIds;
  const { made, merged } = await askPython(
    uri(),
    {
      made: '[client.create_dataset(f"set-{i}", experiment_id=given["experimentId"], tags={"i": str(i)}) for i in range(3)]',
      merged: `made[2].merge_records([{"inputs": {"q": "x", "n": 2**60}, "expectations": {"a": [1.5, float("nan")]},
        "tags": {"t": "1"}}]).records`,
      ids: '[each.dataset_id for each in made]',
    },
    { experimentId },
  );
  expect([made.errorCode, merged.errorCode]).toEqual([undefined, undefined]);
  const search = client.searchDatasets({ experimentIds: [experimentId], maxResults: 2, orderBy: ['name DESC'] });
  const found = await search.all();
  expect(found.map(({ name }) => name)).toEqual(['set-2', 'set-1', 'set-0']);
  expect((await search.firstPage()).items).toHaveLength(2);
  expect(await client.searchDatasets({ experimentIds: [experimentId], filterString: "tags.i = '1'" }).all()).toEqual([
    found[1],
  ]);
  const datasetId = found[0]?.datasetId ?? '';
  expect(await client.getDataset(datasetId)).toEqual(found[0]);
  expect(found[0]).toMatchObject({ tags: { i: '2', 'mlflow.user': user }, createdBy: user, lastUpdatedBy: user });
  expect(JSON.parse(found[0]?.profile ?? '')).toEqual({ num_records: 1 });
  const [record] = await client.getDatasetRecords(datasetId).all();
  const [theirs] = merged.value as readonly Readonly<Record<string, unknown>>[];
  expect(record).toEqual({
    datasetRecordId: theirs?.['dataset_record_id'],
    datasetId,
    inputs: { q: 'x', n: 2n ** 60n },
    outputs: {}, // what the server keeps where nothing is said
    expectations: { a: [1.5, NaN] },
    tags: { t: '1', 'mlflow.user': user },
    source: { sourceType: 'HUMAN', sourceData: {} },
    sourceId: undefined,
    creationTimeMs: theirs?.['created_time'],
    lastUpdateTimeMs: theirs?.['last_update_time'],
    createdBy: user,
    lastUpdatedBy: user,
  });
});

test('both are refused with the same code and status', async () => {
  const { client, experimentIds } = await start();
  const { datasetId } = await client.createDataset('refusals', { experimentId: experimentIds });
  await client.mergeDatasetRecords(datasetId, [{ inputs: { q: 1 } }]);
  const theirs = await askPython(
    uri(),
    {
      dataset: 'client.get_dataset(given["datasetId"])',
      get: 'client.get_dataset("d-none")',
      tags: 'client.set_dataset_tags("d-none", {"a": "b"})',
      experiment: 'client.add_dataset_to_experiments(given["datasetId"], ["987654321"])',
      add: 'client.add_dataset_to_experiments("d-none", [])',
      filter: 'client.search_datasets(filter_string="bogus = 1")',
      order: 'client.search_datasets(order_by=["bogus"])',
      many: 'client.search_datasets(max_results=100000)',
      goal: 'dataset.merge_records([{"inputs": {"goal": "x", "other": 1}}])',
      mixed: 'dataset.merge_records([{"inputs": {"goal": "x"}}, {"inputs": {"q": "x"}}])',
      kind: 'dataset.merge_records([{"inputs": {"goal": "x"}}])',
      none: 'dataset.merge_records([{"outputs": 1}])',
    },
    { datasetId },
  );
  await expectAlike(
    {
      get: client.getDataset('d-none'),
      tags: client.setDatasetTags('d-none', { a: 'b' }),
      experiment: client.addDatasetToExperiments(datasetId, ['987654321']),
      add: client.addDatasetToExperiments('d-none', []),
      filter: client.searchDatasets({ filterString: 'bogus = 1' }).all(),
      order: client.searchDatasets({ orderBy: ['bogus'] }).all(),
      many: client.searchDatasets({ maxResults: 100_000 }).all(),
      goal: client.mergeDatasetRecords(datasetId, [{ inputs: { goal: 'x', other: 1 } }]),
      mixed: client.mergeDatasetRecords(datasetId, [{ inputs: { goal: 'x' } }, { inputs: { q: 'x' } }]),
      kind: client.mergeDatasetRecords(datasetId, [{ inputs: { goal: 'x' } }]),
      none: client.mergeDatasetRecords(datasetId, [{ outputs: 1 } as never]),
    },
    theirs,
  );
});

test('traces become the same records by our client as by Python', async () => {
  const { client, experimentIds } = await start();
  const [experimentId = ''] = experimentIds;
  const mine = await client.createDataset('of traces', { experimentId });
  const { id, theirs } = await askPython(
    uri(),
    {
      root: 'client.start_trace("ask", inputs={"q": "x", "n": 2**60 + 1}, experiment_id=given["experimentId"])',
      done: 'client.end_trace(root.trace_id, outputs={"a": [1]})',
      expectation: 'mlflow.log_expectation(trace_id=root.trace_id, name="answer", value={"a": 1})',
      id: 'root.trace_id',
      dataset: 'client.create_dataset("of Python", experiment_id=given["experimentId"])',
      merged: 'dataset.merge_records([client.get_trace(root.trace_id, display=False)])',
      theirs: 'dataset.dataset_id',
    },
    { experimentId },
  );
  const trace = await client.getTrace(String(id.value));
  expect(await client.mergeDatasetRecords(mine.datasetId, [trace])).toEqual({ insertedCount: 1, updatedCount: 0 });
  const own = { datasetId: '', datasetRecordId: '', creationTimeMs: 0, lastUpdateTimeMs: 0 };
  const [ours] = await client.getDatasetRecords(mine.datasetId).all();
  const [record] = await client.getDatasetRecords(String(theirs.value)).all();
  expect({ ...ours, ...own }).toEqual({ ...record, ...own });
  expect(ours).toMatchObject({
    inputs: { q: 'x', n: 2n ** 60n + 1n },
    outputs: { a: [1] },
    expectations: { answer: { a: 1 } },
    sourceId: trace.info.traceId,
    source: { sourceType: 'TRACE', sourceData: { trace_id: trace.info.traceId } },
  });
});

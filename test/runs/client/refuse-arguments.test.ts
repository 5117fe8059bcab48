import { describe, expect, it } from 'vitest';
import type { MlflowClient } from '../../../src/runs/client/mlflow-client.ts';
import { askedClient } from './asked-client.ts';

/** As a program without types calls it. */
type Untyped = Record<string, (...args: unknown[]) => Promise<unknown> & { all(): Promise<unknown> }>;

function untyped(client: MlflowClient): Untyped {
  return client as unknown as Untyped; // what a type would refuse is what is asked for here
}

describe('an option that a method does not have', () => {
  it.each([
    ['createRun', ['1', { name: 'n' }], "createRun has no option 'name'. Did you mean 'runName'?"],
    ['createExperiment', ['e', { tag: {} }], "createExperiment has no option 'tag'. Did you mean 'tags'?"],
    ['setTerminated', ['r', { reason: 'gone' }], "setTerminated has no option 'reason'. Known are: endTimeMs, status."],
    ['logInputs', ['r', [], { modelIds: ['m'] }], "logInputs has no option 'modelIds'. Did you mean 'models'?"],
    [
      'logModelArtifact',
      ['m', 'f', { path: 'p' }],
      "logModelArtifact has no option 'path'. Did you mean 'artifactPath'?",
    ],
    ['deleteTraces', ['1', { trace_ids: [] }], "deleteTraces has no option 'trace_ids'. Did you mean 'traceIds'?"],
    ['logBatch', ['r', undefined, {}], undefined],
  ])('is refused by %s before anything is asked', async (method, args, message) => {
    const { client, asked } = askedClient({});
    const call = untyped(client)[method]?.call(client, ...args);
    if (message === undefined) await expect(call).resolves.toBeUndefined();
    else await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
    expect(asked).toEqual([]);
  });

  it.each([
    [
      'searchRuns',
      [['1'], { filter: "tags.a = 'b'" }],
      "searchRuns has no option 'filter'. Did you mean 'filterString'?",
    ],
    [
      'searchTraces',
      [{ experimentIds: ['1'] }],
      /^searchTraces has no option 'experimentIds'\. Known are: .*locations/,
    ],
    [
      'searchExperiments',
      [{ viewtype: 'ALL' }],
      "searchExperiments has no option 'viewtype'. Did you mean 'viewType'?",
    ],
    [
      'searchLoggedModels',
      [['1'], 'name = 1'],
      /^The options of searchLoggedModels must be an object such as .*, not a text\.$/,
    ],
    ['listWebhooks', [null], /not null\.$/],
    ['searchDatasets', [['1']], /not a list\.$/],
  ])('is refused by the list of %s when it is read', async (method, args, message) => {
    const { client, asked } = askedClient({});
    const list = untyped(client)[method]?.call(client, ...args);
    await expect(list?.all()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: typeof message === 'string' ? message : (expect.stringMatching(message) as string),
    });
    expect(asked).toEqual([]);
  });

  it('leaves the methods their names', () => {
    expect(askedClient({}).client.searchRuns.name).toBe('searchRuns');
  });
});

describe('what is no list', () => {
  it.each([
    ['searchRuns', ['1'], 'searchRuns: experimentIds must be a list, not a text.'],
    ['searchRuns', [], 'searchRuns: experimentIds must be a list, not undefined.'],
    ['searchRuns', [['1'], { orderBy: 'metrics.loss' }], 'searchRuns: orderBy must be a list, not a text.'],
    ['searchLoggedModels', ['1'], 'searchLoggedModels: experimentIds must be a list, not a text.'],
    ['searchTraces', [{ locations: '1' }], 'searchTraces: locations must be a list, not a text.'],
  ])('is refused by the list of %s when it is read', async (method, args, message) => {
    const { client, asked } = askedClient({});
    const list = untyped(client)[method]?.call(client, ...args);
    await expect(list?.all()).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE', message });
    expect(asked).toEqual([]);
  });

  it.each([
    ['deleteTraces', ['1', { traceIds: 'tr-1' }], 'deleteTraces: traceIds must be a list, not a text.'],
    ['logBatch', ['r', { metrics: { loss: 1 } }], 'logBatch: metrics must be a list, not an object.'],
    ['logOutputs', ['r', 'm-1'], 'logOutputs: models must be a list, not a text.'],
    ['linkTracesToRun', ['tr-1', 'r'], 'linkTracesToRun: traceIds must be a list, not a text.'],
    ['addDatasetToExperiments', ['d', 1], 'addDatasetToExperiments: experimentIds must be a list, not a number.'],
    ['logInputs', ['r', {}], 'logInputs: datasets must be a list, not {}.'],
  ])('is refused by %s before anything is asked', async (method, args, message) => {
    const { client, asked } = askedClient({});
    const call = untyped(client)[method]?.call(client, ...args);
    await expect(call).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE', message });
    expect(asked).toEqual([]);
  });

  it('may be left out where it is an option, and be null', async () => {
    const { client, asked } = askedClient({ searchRuns: { items: [] } });
    expect(await untyped(client)['searchRuns']?.call(client, ['1'], { orderBy: null }).all()).toEqual([]);
    expect(asked).toHaveLength(1);
  });
});

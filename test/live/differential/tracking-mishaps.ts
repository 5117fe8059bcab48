// Operations of the group tracking that a server, or a client before it, must refuse.
import type { Made } from './operation.ts';
import { call, experimentRef, on, runRef } from './pick.ts';
import { refTo } from './world.ts';

const NO_ID = '0'.repeat(32);
const BAD_KEYS = ['a,b', 'a//b', '/a', 'a/', '..', 'k'.repeat(251), 'a\nb', '😀', ''];
const BAD_RUN_FILTERS = [
  'metrics.loss ~ 1',
  "metrics.loss = 'x'",
  'loss < 1',
  "params.p1 = 'a' OR params.p2 = 'b'",
  "attributes.status > 'x'",
  "unknown.key = 'x'",
  "tags.stage = 'a",
  'params.p1 > 3',
  'metrics.loss <',
];
const BAD_RUN_IDS = ['', 'a b', 'x/../y', 'é', NO_ID, 'r'.repeat(300)];
const BAD_EXPERIMENT_IDS = ['999999', 'abc', '', '-1', '1.5'];
const at = { timestampMs: 1_600_000_000_000 };

/** The operations with how often each is made. */
export const TRACKING_MISHAPS: Made = [
  [2, (world) => ({ method: 'createExperiment', args: [world.random.recent(world.experiments).name] })],
  [1, (world) => ({ method: 'createExperiment', args: [world.random.pick(['', 'n'.repeat(501), ' '])] })],
  [
    1,
    () => ({ method: 'createExperiment', args: ['with a bad place'], options: { artifactLocation: 'file:///a?b#c' } }),
  ],
  [
    1,
    (world) => ({
      method: 'createExperiment',
      args: [`bad tags ${world.count('bad')}`],
      options: { tags: { [world.random.pick(BAD_KEYS)]: 'x' } },
    }),
  ],
  [2, (world) => ({ method: 'getExperiment', args: [world.random.pick(BAD_EXPERIMENT_IDS)] })],
  [1, (world) => ({ method: 'getExperimentByName', args: [world.random.pick(['nobody', ''])] })],
  [
    1,
    (world) => ({
      method: 'renameExperiment',
      args: [experimentRef(world), world.random.recent(world.experiments).name],
    }),
  ],
  [1, (world) => ({ method: 'renameExperiment', args: [world.random.pick(BAD_EXPERIMENT_IDS), 'x'] })],
  [1, (world) => ({ method: 'renameExperiment', args: [experimentRef(world), ''] })],
  [1, (world) => ({ method: 'deleteExperiment', args: [world.random.pick(BAD_EXPERIMENT_IDS)] })],
  [1, (world) => ({ method: 'restoreExperiment', args: [world.random.pick([...BAD_EXPERIMENT_IDS, '0'])] })],
  [1, (world) => ({ method: 'setExperimentTag', args: [world.random.pick(BAD_EXPERIMENT_IDS), 'k', 'v'] })],
  [1, (world) => ({ method: 'setExperimentTag', args: [experimentRef(world), world.random.pick(BAD_KEYS), 'v'] })],
  [1, (world) => ({ method: 'setExperimentTag', args: [experimentRef(world), 'long', 'v'.repeat(20_001)] })],
  [1, (world) => ({ method: 'deleteExperimentTag', args: [world.random.pick(BAD_EXPERIMENT_IDS), 'k'] })],
  [
    1,
    (world) => ({
      method: 'searchExperiments',
      args: [],
      options: { filterString: world.random.pick(["name ~ 'x'", 'nme = 1', "name = 'a' OR name = 'b'"]) },
      take: 'firstPage',
    }),
  ],
  [
    1,
    (world) => ({
      method: 'searchExperiments',
      args: [],
      options: { maxResults: world.random.pick([0, -1, 50_001]) },
      take: 'firstPage',
    }),
  ],
  [
    1,
    (world) => ({
      method: 'searchExperiments',
      args: [],
      options: { orderBy: [world.random.pick(['tags.x', 'nothing', 'name SIDEWAYS'])] },
      take: 'firstPage',
    }),
  ],
  [1, () => ({ method: 'searchExperiments', args: [], options: { pageToken: 'nonsense' }, take: 'firstPage' })],
  [
    2,
    (world) => ({
      method: 'createRun',
      args: [world.random.pick(['999999', 'abc', '-1', '1.5'])],
      options: { startTimeMs: world.timeMs() },
    }),
  ],
  [
    1,
    (world) => ({
      method: 'createRun',
      args: [experimentRef(world)],
      options: { startTimeMs: world.timeMs(), runName: 'one', tags: { 'mlflow.runName': 'other' } },
    }),
  ],
  [2, (world) => ({ method: 'getRun', args: [world.random.pick(BAD_RUN_IDS)] })],
  [1, (world) => ({ method: 'getParentRun', args: [world.random.pick(BAD_RUN_IDS)] })],
  [1, (world) => ({ method: 'updateRun', args: [world.random.pick(BAD_RUN_IDS)], options: { status: 'FAILED' } })],
  [1, () => ({ method: 'updateRun', args: [NO_ID] })],
  [
    1,
    (world) => ({
      method: 'setTerminated',
      args: [world.random.pick(BAD_RUN_IDS)],
      options: { endTimeMs: world.timeMs() },
    }),
  ],
  [1, (world) => ({ method: 'deleteRun', args: [world.random.pick(BAD_RUN_IDS)] })],
  [1, (world) => ({ method: 'restoreRun', args: [world.random.pick(BAD_RUN_IDS)] })],
  [
    3,
    (world) => ({
      method: 'searchRuns',
      args: [[experimentRef(world)]],
      options: { filterString: world.random.pick(BAD_RUN_FILTERS) },
      take: 'firstPage',
    }),
  ],
  [
    1,
    (world) => ({
      method: 'searchRuns',
      args: [[experimentRef(world)]],
      options: { maxResults: world.random.pick([0, -1, 50_001]) },
      take: 'firstPage',
    }),
  ],
  [
    1,
    (world) => ({
      method: 'searchRuns',
      args: [[experimentRef(world)]],
      options: { orderBy: [world.random.pick(['loss', 'metrics.loss UP', 'nothing.x'])] },
      take: 'firstPage',
    }),
  ],
  [
    1,
    (world) => ({
      method: 'searchRuns',
      args: [[experimentRef(world)]],
      options: { pageToken: world.random.pick(['nonsense', 'eyJvZmZzZXQiOiAiYSJ9']) },
      take: 'firstPage',
    }),
  ],
  [1, (world) => ({ method: 'searchRuns', args: [[world.random.pick(BAD_EXPERIMENT_IDS)]], take: 'firstPage' })],
  [2, (world) => ({ method: 'logMetric', args: [world.random.pick(BAD_RUN_IDS), 'k', 1], options: at })],
  [2, (world) => ({ method: 'logMetric', args: [runRef(world), world.random.pick(BAD_KEYS), 1], options: at })],
  [1, (world) => ({ method: 'logMetric', args: [runRef(world), 'k', 1], options: { timestampMs: -1 } })],
  [1, (world) => ({ method: 'logParam', args: [world.random.pick(BAD_RUN_IDS), 'k', 'v'] })],
  [2, (world) => ({ method: 'logParam', args: [runRef(world), world.random.pick(BAD_KEYS), 'v'] })],
  [1, (world) => ({ method: 'logParam', args: [runRef(world), 'long', 'v'.repeat(6001)] })],
  [1, (world) => ({ method: 'setTag', args: [world.random.pick(BAD_RUN_IDS), 'k', 'v'] })],
  [2, (world) => ({ method: 'setTag', args: [runRef(world), world.random.pick(BAD_KEYS), 'v'] })],
  [1, (world) => ({ method: 'setTag', args: [runRef(world), 'long', 'v'.repeat(8001)] })],
  [1, (world) => ({ method: 'deleteTag', args: [runRef(world), 'was never there'] })],
  [1, (world) => ({ method: 'deleteTag', args: [world.random.pick(BAD_RUN_IDS), 'k'] })],
  [
    2,
    (world) => ({
      method: 'logBatch',
      args: [runRef(world)],
      options: {
        params: [
          { key: 'twice', value: 'a' },
          { key: 'twice', value: 'b' },
        ],
      },
    }),
  ],
  [
    1,
    (world) => ({
      method: 'logBatch',
      args: [world.random.pick(BAD_RUN_IDS)],
      options: { tags: [{ key: 'k', value: 'v' }] },
    }),
  ],
  [1, (world) => ({ method: 'logBatch', args: [world.random.pick(BAD_RUN_IDS)] })],
  [
    1,
    (world) => ({
      method: 'logBatch',
      args: [runRef(world)],
      options: {
        metrics: [
          { key: 'a', value: 1, step: 0, ...at },
          { key: world.random.pick(BAD_KEYS), value: 1, step: 0, ...at },
        ],
      },
    }),
  ],
  [1, (world) => ({ method: 'logInputs', args: [world.random.pick(BAD_RUN_IDS), []] })],
  [
    1,
    (world) => ({
      method: 'logInputs',
      args: [
        runRef(world),
        [{ dataset: { name: 'n', digest: 'd'.repeat(37), sourceType: 'http', source: '{}' }, tags: [] }],
      ],
    }),
  ],
  [1, (world) => ({ method: 'getMetricHistory', args: [world.random.pick(BAD_RUN_IDS), 'loss'], take: 'all' })],
  [1, (world) => ({ method: 'getMetricHistory', args: [runRef(world), 'was never there'], take: 'all' })],
  [1, () => ({ method: 'getRun', args: [refTo('run:never')] })],
  [
    2,
    on(
      (world) => world.one(world.runs, ({ isActive }) => !isActive),
      (run, { random }) =>
        random.pick([
          call('logMetric', [refTo(run.ref), 'late', 1], at),
          call('logParam', [refTo(run.ref), 'late', 'x']),
          call('setTag', [refTo(run.ref), 'late', 'x']),
          call('updateRun', [refTo(run.ref)], { status: 'FINISHED' }),
        ]),
    ),
  ],
  [
    2,
    on(
      (world) => world.one(world.experiments, ({ isActive }) => !isActive),
      (experiment, world) =>
        world.random.pick([
          call('createRun', [refTo(experiment.ref)], { startTimeMs: world.timeMs() }),
          call('setExperimentTag', [refTo(experiment.ref), 'late', 'x']),
          call('renameExperiment', [refTo(experiment.ref), `late ${world.count('rename')}`]),
          call('createExperiment', [experiment.name]),
        ]),
    ),
  ],
  [
    2,
    on(
      (world) => world.one(world.runs, ({ isActive, params }) => isActive && params.size > 0),
      (run, { random }) => call('logParam', [refTo(run.ref), random.pick([...run.params.keys()]), 'another']),
    ),
  ],
];

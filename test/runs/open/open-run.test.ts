import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RunspanError } from '../../../src/errors.ts';
import { mendKeyApart } from '../../../src/model/mend.ts';
import { createRedactor } from '../../../src/model/redact.ts';
import type { TerminalStatus } from '../../../src/model/entities.ts';
import type { Write } from '../../../src/model/write.ts';
import { AlertSpanProcessor } from '../../../src/otel/alert-span-processor.ts';
import { mirrorAttributes } from '../../../src/otel/run/mirror.ts';
import { activeRun } from '../../../src/otel/run/run-context.ts';
import type { ActiveRun } from '../../../src/runs/open/active-run.ts';
import { openRun } from '../../../src/runs/open/open-run.ts';
import type { RunSurroundings } from '../../../src/runs/open/open-run.ts';
import type { SystemProbe } from '../../../src/runs/system/probe.ts';
import type { RunConfig } from '../../../src/runs/open/run-config.ts';
import { openRecordingOutbox } from '../recording-outbox.ts';
import type { RecordingOutbox } from '../recording-outbox.ts';
import { silentLog } from '../test-run.ts';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => context.disable());

let outbox: RecordingOutbox;
let alerts: string[];
let refusals: string[];
let mends: string[];
let warnings: Map<string, string>;
let ended: ActiveRun[];
let nowMs: number;

beforeEach(() => {
  outbox = openRecordingOutbox();
  alerts = [];
  refusals = [];
  mends = [];
  warnings = new Map();
  ended = [];
  nowMs = 1000;
});

function open(config: Partial<RunConfig> = {}, changes: Partial<RunSurroundings> = {}, parentRun?: string): ActiveRun {
  const surroundings: RunSurroundings = {
    outbox,
    experimentName: 'exp',
    redactor: createRedactor(),
    complaints: {
      refuse: (reason) => refusals.push(reason),
      mend: (reason) => mends.push(reason),
      warnOnce: (kind, message) => warnings.set(kind, message),
    },
    mirror: mirrorAttributes,
    isStrict: false,
    isKeyRunId: false,
    now: () => nowMs,
    sourceTags: [{ key: 'mlflow.user', value: 'ada' }],
    logger: silentLog,
    alertProcessor: new AlertSpanProcessor({ notify: (title, message) => alerts.push(`${title}: ${message}`) }),
    traceUrlTemplate: 'http://traces/{traceId}',
    spoolTimeoutMs: 1000,
    system: undefined,
    keepsTelemetry: false,
    logsTraces: false,
    childPlace: undefined,
    onEnded: (run) => ended.push(run),
    ...changes,
  };
  return openRun(surroundings, { name: 'train', ...config }, parentRun);
}

function writesOf<K extends Write['kind']>(kind: K): Extract<Write, { kind: K }>[] {
  // The filter has just compared the kind.
  return outbox.writes.filter((write) => write.kind === kind) as Extract<Write, { kind: K }>[];
}

const tagsOf = (
  write: { readonly tags: readonly { key: string; value: string }[] } | undefined,
): Record<string, string> => Object.fromEntries((write?.tags ?? []).map(({ key, value }) => [key, value]));

describe('a run that opens', () => {
  test('writes a create with MLflow tags, the name, the description and its own key', () => {
    const run = open({ description: 'why', tags: { stage: 'dev', n: 1, 'mlflow.runName': 'other' } });
    const [create] = writesOf('create');
    expect(create).toMatchObject({
      runKey: run.key,
      experimentName: 'exp',
      runName: 'train',
      userId: 'ada',
      startTimeMs: 1000,
    });
    expect(tagsOf(create)).toEqual({
      'mlflow.user': 'ada',
      'mlflow.runName': 'train',
      'mlflow.note.content': 'why',
      stage: 'dev',
      n: '1',
      'runspan.run_key': run.key,
    });
    expect(run.key).toMatch(/^[0-9a-f]{32}$/);
  });

  test('lets a tag of the user win over MLflow tags, and takes the user id from it', () => {
    open({ tags: { 'mlflow.user': 'grace' } });
    expect(writesOf('create')[0]?.userId).toBe('grace');
  });

  test('says one name everywhere, without secrets and within 250 characters', () => {
    const run = open({ name: `load postgres://u:hunter2@h/db \0${'x'.repeat(400)}` });
    const [create] = writesOf('create');
    expect(create?.runName).toHaveLength(250);
    expect([tagsOf(create)['mlflow.runName'], run.name, run.started.span.name]).toEqual(Array(3).fill(create?.runName));
    expect(JSON.stringify([outbox.writes, run.started.span.attributes])).not.toContain('hunter2');
  });

  test('sends one value a key in its create, its own key last, and the originals of mended keys in it', () => {
    const run = open({ tags: { 'a@b': 1, 'a#b': 2, 'runspan.run_key': 'mine' } });
    const tags = writesOf('create')[0]?.tags ?? [];
    expect(new Set(tags.map(({ key }) => key)).size).toBe(tags.length);
    const apart = mendKeyApart('a#b').key;
    expect(tagsOf({ tags })).toMatchObject({
      a_b: '1',
      'runspan.key.a_b': 'a@b',
      [apart]: '2',
      [`runspan.key.${apart}`]: 'a#b',
      'runspan.run_key': run.key,
    });
    expect(outbox.writes.map(({ kind }) => kind)).toEqual(['create']);
  });

  test('names its parent and the run it resumes', () => {
    open({ runId: 'stored' }, {}, 'parent-key');
    expect(writesOf('create')[0]).toMatchObject({ parentRun: 'parent-key', resumeRunId: 'stored' });
  });

  test('never tags an invalid trace id', () => {
    open();
    expect(Object.keys(tagsOf(writesOf('create')[0])).filter((key) => key.startsWith('otel.'))).toEqual([]);
  });

  test('is active in its body and in what is bound to it, nowhere else', () => {
    const run = open();
    expect(run.with(() => activeRun()?.runKey)).toBe(run.key);
    expect(run.bind(() => activeRun()?.runKey)()).toBe(run.key);
    expect(activeRun()).toBeUndefined();
  });

  test('binds methods with the object they are called on, generators of both kinds among them', async () => {
    const run = open();
    class Reader {
      readonly rows = [1, 2];
      count(more: number): readonly unknown[] {
        return [this.rows.length + more, activeRun()?.runKey];
      }
      *each(): Generator<unknown> {
        for (const row of this.rows) yield [row, activeRun()?.runKey];
      }
      async *read(): AsyncGenerator<unknown> {
        for (const row of this.rows) {
          await new Promise((resolve) => setImmediate(resolve));
          yield [row, activeRun()?.runKey];
        }
      }
    }
    const reader = new Reader();
    for (const name of ['count', 'each', 'read'] as const)
      Object.defineProperty(reader, name, { value: run.bind(Reflect.get(reader, name) as () => unknown) });
    const rows = [
      [1, run.key],
      [2, run.key],
    ];
    expect([reader.count(1), [...reader.each()]]).toEqual([[3, run.key], rows]);
    const seen: unknown[] = [];
    for await (const row of reader.read()) seen.push(row);
    expect(seen).toEqual(rows);
  });

  test('knows its id at once where its key is the id, or where it resumes a run', () => {
    expect(open().runId).toBeUndefined();
    const embedded = open({}, { isKeyRunId: true });
    expect(embedded.with(() => activeRun()?.runId)).toBe(embedded.key);
    const resumed = open({ runId: 'r7' });
    expect([resumed.runId, resumed.started.span.attributes['mlflow.run_id']]).toEqual(['r7', 'r7']);
    // What may be a key of ours is no id yet: the store will say.
    expect(open({ runId: 'a'.repeat(32) }).runId).toBeUndefined();
    expect(outbox.writes.map(({ kind }) => kind)).toEqual(['create', 'create', 'create', 'create']);
  });

  test('resolves created() with the id of the store, and rejects it when the id cannot come', async () => {
    const run = open();
    run.setCreated({ runId: 'r1', experimentId: '7', runUrl: 'http://m/r1' });
    expect([await run.created(), run.runId]).toEqual(['r1', 'r1']);
    expect(run.started.span.attributes).toMatchObject({
      'mlflow.run_id': 'r1',
      'mlflow.experiment_id': '7',
      'mlflow.run_url': 'http://m/r1',
    });
    const other = open();
    other.abandonCreation(new RunspanError('SERVICE_STOPPED', 'gone'));
    await expect(other.created()).rejects.toMatchObject({ code: 'SERVICE_STOPPED' });
  });
});

describe('values', () => {
  test('sends NaN and the infinities as their texts', () => {
    const run = open();
    run.logMetrics({ a: Number.NaN, b: Infinity, c: -Infinity });
    expect(writesOf('metric').map((write) => write.value)).toEqual(['NaN', 'Infinity', '-Infinity']);
    expect(run.metrics).toEqual({ a: Number.NaN, b: Infinity, c: -Infinity });
  });

  test.each([['text'], [true], [null], [undefined], [10n], [{}]])(
    'refuses %s as a metric, counted, not thrown',
    (value) => {
      const run = open();
      run.logMetric('loss', value as unknown as number);
      expect([writesOf('metric'), refusals]).toEqual([[], ['invalid']]);
    },
  );

  test('truncates and clamps a step; takes the time of the call in whole milliseconds', () => {
    const run = open();
    nowMs = 1234.7;
    run.logMetric('a', 1, { step: 2.9 });
    run.logMetric('a', 1, { step: -2.9 });
    run.logMetric('a', 1, { step: 1e300, timestampMs: 5.5 });
    expect(writesOf('metric').map(({ step, timestampMs }) => [step, timestampMs])).toEqual([
      [2, 1234],
      [-2, 1234],
      [Number.MAX_SAFE_INTEGER, 5],
    ]);
  });

  test('mends a key, keeps the original in a tag once, and leaves run.metrics under the key given', () => {
    const run = open();
    run.logMetric('loss@val', 1);
    run.logMetric('loss@val', 2);
    expect(writesOf('metric').map((write) => write.key)).toEqual(['loss_val', 'loss_val']);
    expect(writesOf('tags').map(tagsOf)).toEqual([{ 'runspan.key.loss_val': 'loss@val' }]);
    expect(run.metrics['loss@val']).toBe(2);
  });

  test('makes text of params: scalars by String, objects as JSON, null as empty, undefined not at all', () => {
    const run = open();
    for (const [key, value] of Object.entries({ a: true, b: 1.5, c: 10n, d: [1], e: null, f: undefined }))
      run.logParam(key, value);
    expect(writesOf('params').flatMap((write) => write.params.map(({ key, value }) => `${key}=${value}`))).toEqual([
      'a=true',
      'b=1.5',
      'c=10',
      'd=[1]',
      'e=',
    ]);
  });

  test('spreads nested params to dotted keys in one write', () => {
    open().logParams({ optimizer: { name: 'adam', beta: [0.9] }, epochs: 3 });
    expect(writesOf('params')).toMatchObject([
      {
        params: [
          { key: 'optimizer.name', value: 'adam' },
          { key: 'optimizer.beta', value: '[0.9]' },
          { key: 'epochs', value: '3' },
        ],
      },
    ]);
  });

  test('cuts a long value and keeps the whole of it as an artifact', () => {
    const whole = 'x'.repeat(7000);
    open().logParam('prompt', whole);
    expect(writesOf('params')[0]?.params[0]?.value).toMatch(/^x{5999}…$/);
    expect(writesOf('artifact')[0]).toMatchObject({ path: 'runspan/values/prompt.txt', source: { kind: 'spool' } });
    expect([...outbox.spooled.values()]).toEqual([whole]);
  });

  test('masks secrets in params, tags, attributes and errors', async () => {
    const run = open({ tags: { api_key: 'hunter2' } });
    run.logParam('db_password', 'hunter2');
    run.logParams({
      use_auth_token: true,
      credentials: { user: 'hunter2' },
      cause: new Error('at http://ada:hunter2@db'),
    });
    run.setTag('store', 'postgres://ada:hunter2@db/x');
    run.span.setAttribute('aws.secret_access_key', 'hunter2');
    run.fail(new Error('cannot reach http://ada:hunter2@db'));
    await run.end();
    expect(
      JSON.stringify([
        outbox.writes,
        run.started.span.attributes,
        run.started.span.events,
        run.started.span.status,
        alerts,
      ]),
    ).not.toContain('hunter2');
    expect(writesOf('params')[1]?.params).toContainEqual({ key: 'use_auth_token', value: 'true' });
  });

  test('keeps texts and objects as artifacts, and refuses a path that leads out', () => {
    const run = open();
    run.logText('hello', 'notes/a.txt');
    run.logDict({ rows: 2 }, 'profile.json');
    run.logDict({ rows: 2 }, 'profile.yaml');
    run.logText('evil', '../outside.txt');
    run.logDict(undefined, 'bad.json');
    expect([...outbox.spooled.values()]).toEqual(['hello', '{\n  "rows": 2\n}', 'rows: 2\n']);
    expect(refusals).toEqual(['artifact', 'artifact']);
  });

  test('logs a file under its folder, before the end even if nobody waited', async () => {
    const run = open();
    void run.logArtifact('/data/model.bin', 'model');
    await run.end();
    expect(outbox.writes.slice(-2).map((write) => write.kind)).toEqual(['artifact', 'end']);
    expect(writesOf('artifact')[0]?.path).toBe('model/model.bin');
  });

  test('counts a file that cannot be kept, and does not reject', async () => {
    outbox.spoolFile = () => Promise.reject(new RunspanError('FILE_NOT_READABLE', 'no such file'));
    await open().logArtifact('/absent');
    expect(refusals).toEqual(['artifact']);
  });

  test('records a data set with its context', () => {
    open().logInput(
      { name: 'd', source: 's3://b/d.csv', profile: { num_rows: 442 } },
      { context: 'training', tags: { split: 1 } },
    );
    expect(writesOf('inputs')[0]?.inputs).toMatchObject([
      {
        dataset: { name: 'd', sourceType: 's3' },
        tags: [
          { key: 'mlflow.data.context', value: 'training' },
          { key: 'split', value: '1' },
        ],
      },
    ]);
  });

  test('says what the outbox refuses, which counts it itself, and lets the job go on', () => {
    const run = open();
    outbox.failWith = new RunspanError('OUTBOX_FULL', 'full');
    run.logMetric('loss', 1);
    run.setTag('a', 'b');
    expect([refusals, run.metrics]).toEqual([[], {}]);
    expect(warnings.get('refused:outbox_full')).toBe('A write was not accepted: full');
  });

  test('throws on data where strict', () => {
    const run = open({}, { isStrict: true });
    expect(() => run.logMetric('a', 'x' as unknown as number)).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }),
    );
    expect(() => run.logMetric('a@b', 1)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
    expect(() => run.logText('x', '/abs')).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
  });
});

describe('the mirror', () => {
  test('journals attributes in the turn they are set and mirrors their last values at the end', async () => {
    const run = open();
    run.span.setAttribute('optimizer', 'sgd');
    run.span.setAttributes({
      optimizer: 'adam',
      'tag.team': 'a',
      'metric.score': 2,
      'host.name': 'h',
      'metric.bad': 'x',
    });
    expect(writesOf('attributes').map((write) => write.params)).toEqual([
      [{ key: 'optimizer', value: 'sgd' }],
      [{ key: 'optimizer', value: 'adam' }],
    ]);
    expect(writesOf('params')).toEqual([]);
    await run.end();
    expect(writesOf('params').at(-1)?.params).toEqual([{ key: 'optimizer', value: 'adam' }]);
    expect(tagsOf(writesOf('tags').at(-1))).toEqual({ team: 'a', 'host.name': 'h' });
    expect(writesOf('metric')).toMatchObject([{ key: 'score', value: 2 }]);
    expect(refusals).toContain('invalid');
  });

  test('puts params, tags and last metrics of the run on its span, at most 64', async () => {
    const run = open({ tags: { stage: 'dev' } });
    run.logParam('lr', 0.1);
    run.logMetric('loss', 2);
    run.logMetric('loss', 1);
    for (let index = 0; index < 100; index++) run.logParam(`p${index}`, index);
    await run.end();
    const { attributes } = run.started.span;
    expect(attributes).toMatchObject({
      'mlflow.metric.loss': 1,
      'mlflow.param.lr': '0.1',
      'mlflow.run.status': 'FINISHED',
    });
    expect(Object.keys(attributes).filter((key) => /^mlflow\.(param|tag|metric)\./.test(key))).toHaveLength(64);
  });

  test('can be overridden', async () => {
    const run = open({}, { mirror: () => ({ params: [['only', 'this']], tags: [], metrics: [], refused: [] }) });
    await run.end();
    expect(writesOf('params').map((write) => write.params)).toEqual([[{ key: 'only', value: 'this' }]]);
  });
});

describe('the end', () => {
  const cases = [
    ['returned', (run: ActiveRun) => run.endAs({ kind: 'returned' }), 'FINISHED', SpanStatusCode.UNSET, 0],
    ['returned after fail', (run: ActiveRun) => (run.fail('bad score'), run.end()), 'FAILED', SpanStatusCode.ERROR, 1],
    [
      'returned after an ERROR status',
      (run: ActiveRun) => (run.span.setStatus({ code: SpanStatusCode.ERROR }), run.end()),
      'FAILED',
      SpanStatusCode.ERROR,
      1,
    ],
    [
      'threw',
      (run: ActiveRun) => run.endAs({ kind: 'threw', error: new TypeError('boom') }),
      'FAILED',
      SpanStatusCode.ERROR,
      1,
    ],
    [
      'threw undefined',
      (run: ActiveRun) => run.endAs({ kind: 'threw', error: undefined }),
      'FAILED',
      SpanStatusCode.ERROR,
      1,
    ],
    [
      'uncaught error',
      (run: ActiveRun) => (run.noteUncaught(new Error('x')), run.endAs({ kind: 'exited', code: 1 })),
      'FAILED',
      SpanStatusCode.ERROR,
      1,
    ],
    ['exited 0', (run: ActiveRun) => run.endAs({ kind: 'exited', code: 0 }), 'FINISHED', SpanStatusCode.UNSET, 0],
    ['exited 3', (run: ActiveRun) => run.endAs({ kind: 'exited', code: 3 }), 'FAILED', SpanStatusCode.ERROR, 1],
    ['left open', (run: ActiveRun) => run.endAs({ kind: 'ran-dry', code: 0 }), 'FINISHED', SpanStatusCode.UNSET, 0],
    [
      'left in its body',
      (run: ActiveRun) => (
        void run.runBody(() => new Promise(() => undefined)),
        run.endAs({ kind: 'ran-dry', code: 0 })
      ),
      'FAILED',
      SpanStatusCode.ERROR,
      1,
    ],
    [
      'signalled',
      (run: ActiveRun) => run.endAs({ kind: 'signalled', signal: 'SIGTERM' }),
      'KILLED',
      SpanStatusCode.ERROR,
      1,
    ],
    ['set KILLED', (run: ActiveRun) => run.end('KILLED'), 'KILLED', SpanStatusCode.ERROR, 1],
    [
      'set FINISHED after fail',
      (run: ActiveRun) => (run.fail('x'), run.end('FINISHED')),
      'FINISHED',
      SpanStatusCode.ERROR,
      1,
    ],
  ] as const;

  test.each(cases)('%s', async (...[, act, status, code, alertCount]) => {
    const run = open();
    await act(run);
    expect(writesOf('end')).toMatchObject([{ runKey: run.key, status, endTimeMs: 1000 }]);
    expect([run.status, run.started.span.status.code, run.started.span.isEnded]).toEqual([status, code, true]);
    expect(alerts).toHaveLength(alertCount);
    expect(ended).toEqual([run]);
  });

  test.each(['BOGUS', 'failed', 'RUNNING'])(
    'refuses to end as %s, counted, and ends by its own word',
    async (status) => {
      const run = open();
      // What a caller in JavaScript may give.
      await run.end(status as TerminalStatus);
      expect([writesOf('end')[0]?.status, refusals]).toEqual(['FINISHED', ['invalid']]);
    },
  );

  test('names what was thrown on the span', async () => {
    const run = open();
    await run.endAs({ kind: 'threw', error: new TypeError('boom') });
    expect(run.started.span.attributes['error.type']).toBe('TypeError');
    expect(run.started.span.status.message).toBe('boom');
    expect(run.started.span.events[0]?.attributes).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'boom',
    });
  });

  test('counts once, and what comes after it is still sent', async () => {
    const run = open();
    await run.end();
    await run.endAs({ kind: 'threw', error: new Error('late') });
    run.endNow({ kind: 'signalled', signal: 'SIGINT' });
    run.logMetric('late', 1);
    expect(writesOf('end')).toHaveLength(1);
    expect(outbox.writes.at(-1)).toMatchObject({ kind: 'metric', key: 'late' });
    expect(ended).toHaveLength(1);
  });

  test('FAILED stays FAILED although the user set the span OK', async () => {
    const run = open();
    run.span.setStatus({ code: SpanStatusCode.OK });
    run.fail('no');
    await run.end();
    expect(run.status).toBe('FAILED');
  });

  test('ends at once on an exit, files still being spooled or not', () => {
    const run = open();
    outbox.spoolFile = () => new Promise(() => undefined);
    void run.logArtifact('/big');
    run.endNow({ kind: 'exited', code: 0 });
    expect(outbox.writes.at(-1)?.kind).toBe('end');
  });

  test('waits for files no longer than its deadline', async () => {
    const run = open({}, { spoolTimeoutMs: 1 });
    outbox.spoolFile = () => new Promise(() => undefined);
    void run.logArtifact('/big');
    await run.end();
    expect(outbox.writes.at(-1)?.kind).toBe('end');
  });

  test('`await using` ends the run', async () => {
    {
      await using run = open();
      run.logMetric('a', 1);
    }
    expect(writesOf('end')).toMatchObject([{ status: 'FINISHED' }]);
  });
});

test('run.log writes in the context of its run, a child span keeps its own', () => {
  const seen: (string | undefined)[] = [];
  const note = (): void => void seen.push(`${activeRun()?.runKey}/${trace.getActiveSpan()?.isRecording()}`);
  const run = open({}, { logger: { ...silentLog, info: note } });
  run.log.info('outside');
  run.with(() => run.log.info('inside'));
  expect(seen).toEqual([`${run.key}/true`, `${run.key}/true`]);
});

describe('system metrics', () => {
  const system = {
    isDefault: true,
    intervalMs: 60_000,
    samplesPerPoint: 1,
    timeoutMs: 1000,
    makeProbes: (): readonly SystemProbe[] => [{ fold: 'last', read: () => ({ disk_usage_percentage: 5 }) }],
  };

  test('are logged at once and in the end, before the run is said to have ended, and are none of the metrics of the user', async () => {
    const run = open({}, { system });
    run.logMetric('loss', 1);
    await run.end();
    const written = outbox.writes.map((write) => (write.kind === 'metric' ? `${write.key} ${write.step}` : write.kind));
    expect(written).toEqual([
      'create',
      'system/disk_usage_percentage 0',
      'loss 0',
      'system/disk_usage_percentage 1',
      'end',
    ]);
    expect(run.metrics).toEqual({ loss: 1 });
    expect(run.intake.pointCount).toBe(1);
    expect(Object.keys(run.started.span.attributes).filter((key) => key.startsWith('mlflow.metric.'))).toEqual([
      'mlflow.metric.loss',
    ]);
  });

  test.each([
    ['a run says no', { logSystemMetrics: false }, { system }],
    ['the service says no', {}, { system: { ...system, isDefault: false } }],
    ['the service is disabled', { logSystemMetrics: true }, { system: undefined }],
  ])('are not logged where %s', async (_, config, changes) => {
    await open(config, changes).end();
    expect(writesOf('metric')).toEqual([]);
  });

  test('are logged where the service says no and the run says yes', async () => {
    await open({ logSystemMetrics: true }, { system: { ...system, isDefault: false } }).end();
    expect(writesOf('metric')).toHaveLength(2);
  });
});

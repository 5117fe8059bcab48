// Operations on traces, made by hand and read: good ones, and those that must be refused.
import type { Json, Made, Make, Operation } from './operation.ts';
import { anExperiment, call, on, runRef, search } from './pick.ts';
import { drop, type KnownTrace, refTo, type World } from './world.ts';

const NOBODY = `tr-${'0'.repeat(32)}`;
const VALUES: readonly Json[] = [
  'hi',
  { question: 'Wer? ü 日本', n: 3 },
  [1, 2.5, null],
  { messages: [{ role: 'user', content: 'Hello' }] },
  true,
];
const TYPES = ['LLM', 'CHAIN', 'TOOL', 'UNKNOWN', 'my own'];
const key = (world: World): string => world.random.pick(['stage', 'team', 'a.b']);

/** Every span begins and ends in a millisecond of its own, long ago. */
const timeNs = (world: World): string => `${world.timeMs()}123456n`;

/** A trace that the server has, in an experiment that is not in the bin. */
export const aTrace = (world: World): KnownTrace | undefined =>
  world.one(world.traces, ({ isOpen, experiment }) => !isOpen && experiment.isActive);
const anOpen = (world: World): KnownTrace | undefined =>
  world.one(world.traces, ({ isOpen, experiment }) => isOpen && experiment.isActive);

const spanOptions = (world: World): Record<string, Json> => {
  const options: Record<string, Json> = { startTimeNs: timeNs(world) };
  if (world.random.chance(0.7)) options['inputs'] = world.random.pick(VALUES);
  if (world.random.chance(0.5)) options['spanType'] = world.random.pick(TYPES);
  if (world.random.chance(0.5)) options['attributes'] = { [key(world)]: world.random.pick(VALUES), float: 1.5 };
  return options;
};

const begun = (operation: Operation, ref: string, span: string): Operation => ({
  ...operation,
  take: 'span',
  as: ref,
  at: 'traceId',
  also: { [span]: 'spanId' },
});

const startTrace: Make = on(anExperiment, (experiment, world) => {
  const [ref, span] = [world.name('trace'), world.name('span')];
  const tag = key(world);
  world.traces.push({ ref, experiment, spans: [span], tags: new Set([tag]), assessments: [], isOpen: true });
  const options = { ...spanOptions(world), experimentId: refTo(experiment.ref), tags: { [tag]: 'ü dev' } };
  const run = world.one(world.runs, (each) => each.isActive && each.experiment === experiment);
  const ofRun = run !== undefined && world.random.chance(0.4) ? { runId: refTo(run.ref) } : {};
  return begun(call('startTrace', [`ask ${world.random.below(3)}`], { ...options, ...ofRun }), ref, span);
});

const startSpan: Make = on(anOpen, (trace, world) => {
  const span = world.name('span');
  const parent = world.random.pick(trace.spans);
  trace.spans.push(span);
  const operation = call(
    'startSpan',
    [`call ${world.random.below(3)}`, refTo(trace.ref), refTo(parent)],
    spanOptions(world),
  );
  return { ...operation, take: 'span', as: span, at: 'spanId' };
});

const endOptions = (world: World): Record<string, Json> => ({
  endTimeNs: timeNs(world),
  ...(world.random.chance(0.6) ? { outputs: world.random.pick(VALUES) } : {}),
  ...(world.random.chance(0.3) ? { attributes: { late: 1 } } : {}),
  ...(world.random.chance(0.3) ? { status: world.random.pick(['OK', 'ERROR']) } : {}),
});

const endSpan: Make = on(
  (world) => world.one(world.traces, ({ isOpen, spans }) => isOpen && spans.length > 1),
  (trace, world) => {
    const span = trace.spans.pop() ?? '';
    return call('endSpan', [refTo(trace.ref), refTo(span)], endOptions(world));
  },
);

/** The trace is there once its root has ended behind all others. */
const endTrace: Make = on(
  (world) =>
    world.one(world.traces, ({ isOpen, spans, experiment }) => isOpen && spans.length === 1 && experiment.isActive),
  (trace, world) => {
    trace.isOpen = false;
    return call('endTrace', [refTo(trace.ref)], endOptions(world));
  },
);

/** Ends what is still open, the spans before their root. */
export const endAll = (world: World): readonly Operation[] =>
  world.traces
    .filter(({ isOpen, experiment }) => isOpen && experiment.isActive)
    .flatMap(({ ref, spans: [, ...children] }) => [
      ...children.toReversed().map((span) => call('endSpan', [refTo(ref), refTo(span)], { endTimeNs: timeNs(world) })),
      call('endTrace', [refTo(ref)], { endTimeNs: timeNs(world) }),
    ]);

const FILTERS = [
  "tags.stage = 'ü dev'",
  "attributes.status = 'OK'",
  "attributes.name LIKE 'ask%'",
  "span.name = 'call 1'",
];

const searchTraces: Make = on(anExperiment, (experiment, world) =>
  search(
    'searchTraces',
    [],
    {
      locations: [refTo(experiment.ref)],
      ...(world.random.chance(0.5) ? { filterString: world.random.pick(FILTERS) } : {}),
      ...(world.random.chance(0.4) ? { maxResults: 1 + world.random.below(3) } : {}),
      ...(world.random.chance(0.4) ? { orderBy: [world.random.pick(['timestamp_ms ASC', 'timestamp_ms DESC'])] } : {}),
      ...(world.random.chance(0.4) ? { includeSpans: false } : {}),
    },
    world.random.pick(['firstPage', 'all']),
  ),
);

const searchOfRun: Make = on(aTrace, ({ experiment }, world) => {
  const run = world.one(world.runs, (each) => each.isActive && each.experiment === experiment);
  if (run === undefined) return undefined;
  return search('searchTraces', [], { locations: [refTo(experiment.ref)], runId: refTo(run.ref) }, 'all');
});

const setTag: Make = on(aTrace, (trace, world) => {
  const tag = key(world);
  trace.tags.add(tag);
  return call('setTraceTag', [refTo(trace.ref), tag, world.random.pick(['', 'ü 日本', 'dev'])]);
});

const deleteTag: Make = on(
  (world) => world.one(world.traces, ({ isOpen, tags, experiment }) => !isOpen && tags.size > 0 && experiment.isActive),
  (trace, { random }) => {
    const tag = random.pick([...trace.tags]);
    trace.tags.delete(tag);
    return call('deleteTraceTag', [refTo(trace.ref), tag]);
  },
);

const deleteTraces: Make = on(aTrace, (trace, world) => {
  drop(world.traces, trace);
  return call('deleteTraces', [refTo(trace.experiment.ref)], { traceIds: [refTo(trace.ref)] });
});

/** The operations with how often each is made. */
export const TRACE_OPERATIONS: Made = [
  [3, startTrace],
  [2, startSpan],
  [2, endSpan],
  [4, endTrace],
  [3, on(aTrace, ({ ref }) => call('getTrace', [refTo(ref)]))],
  [2, searchTraces],
  [1, searchOfRun],
  [2, setTag],
  [1, deleteTag],
  [0.3, deleteTraces],
  [1, on(aTrace, ({ ref }, world) => call('linkTracesToRun', [[refTo(ref)], runRef(world)]))],
];

/** Those that must be refused. */
export const TRACE_MISHAPS: Made = [
  [1, () => call('getTrace', [NOBODY])],
  [1, () => call('setTraceTag', [NOBODY, 'a', 'b'])],
  [1, on(aTrace, ({ ref }) => call('deleteTraceTag', [refTo(ref), 'was never there']))],
  [1, ({ random }) => ({ ...call('startSpan', ['call', random.pick([NOBODY, '']), '0'.repeat(16)]), take: 'span' })],
  [1, on(aTrace, ({ ref }) => call('endTrace', [refTo(ref)]))],
  [1, on(anExperiment, ({ ref }) => call('deleteTraces', [refTo(ref)]))],
  [1, on(aTrace, ({ ref }) => call('linkTracesToRun', [[refTo(ref)], '']))],
  [1, on(aTrace, ({ ref }) => call('unlinkTracesFromRun', [[refTo(ref)], '']))],
  [
    1,
    on(anExperiment, ({ ref }, { random }) =>
      search(
        'searchTraces',
        [],
        { locations: [refTo(ref)], filterString: random.pick(['name ~ 1', "nothing = 'x'"]) },
        'firstPage',
      ),
    ),
  ],
];

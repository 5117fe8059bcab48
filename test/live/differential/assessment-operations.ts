// Operations on what is thought of traces: good ones, and those that must be refused.
import type { Json, Made, Make, Operation } from './operation.ts';
import { call, on } from './pick.ts';
import { aTrace } from './trace-operations.ts';
import { drop, type KnownAssessment, type KnownTrace, refTo, type World } from './world.ts';

const NOBODY = `tr-${'0'.repeat(32)}`;
const VALUES: readonly Json[] = [true, 0.5, 'good ü', ['a', 1], { score: 1 }];

const withAssessment =
  (isMeant: (each: KnownAssessment) => boolean = () => true) =>
  (world: World): readonly [KnownTrace, KnownAssessment] | undefined => {
    const found = world.traces
      .filter(({ isOpen, experiment }) => !isOpen && experiment.isActive)
      .flatMap((trace) => trace.assessments.filter(isMeant).map((each) => [trace, each] as const));
    return world.one(found);
  };

const options = (world: World): Record<string, Json> => ({
  source: world.random.pick<Json>([
    { sourceType: 'HUMAN', sourceId: 'ann' },
    { sourceType: 'CODE', sourceId: 'check' },
    { sourceType: 'LLM_JUDGE', sourceId: 'gpt' },
  ]),
  ...(world.random.chance(0.4) ? { metadata: { stage: 'dev' } } : {}),
});

const feedback = (world: World): Record<string, Json> => ({
  ...options(world),
  name: world.random.pick(['helpful', 'feedback']),
  value: world.random.pick(VALUES),
  ...(world.random.chance(0.5) ? { rationale: 'because ü' } : {}),
});

const added = (trace: KnownTrace, kind: KnownAssessment['kind'], operation: Operation, world: World): Operation => {
  const ref = world.name('assessment');
  trace.assessments.push({ ref, kind, isOverridden: false });
  return { ...operation, as: ref, at: 'assessmentId' };
};

const logFeedback: Make = on(aTrace, (trace, world) =>
  added(trace, 'feedback', call('logFeedback', [refTo(trace.ref)], feedback(world)), world),
);

const logExpectation: Make = on(aTrace, (trace, world) => {
  const args = [refTo(trace.ref), 'expected', world.random.pick(VALUES)];
  return added(trace, 'expectation', call('logExpectation', args, options(world)), world);
});

const logAssessment: Make = on(aTrace, (trace, world) => {
  const kind = world.random.pick(['feedback', 'expectation'] as const);
  const value = { kind, name: 'whole', value: world.random.pick(VALUES), ...options(world) };
  return added(trace, kind, call('logAssessment', [refTo(trace.ref), value]), world);
});

const update: Make = on(
  withAssessment(({ isOverridden }) => !isOverridden),
  ([trace, { ref, kind }], world) =>
    call('updateAssessment', [
      refTo(trace.ref),
      refTo(ref),
      { kind, name: 'changed', value: world.random.pick(VALUES), ...options(world) },
    ]),
);

const override: Make = on(
  withAssessment(({ kind, isOverridden }) => kind === 'feedback' && !isOverridden),
  ([trace, assessment], world) => {
    assessment.isOverridden = true;
    const args = [refTo(trace.ref), refTo(assessment.ref), world.random.pick(VALUES)];
    return added(trace, 'feedback', call('overrideFeedback', args, { rationale: 'by hand', ...options(world) }), world);
  },
);

const remove: Make = on(withAssessment(), ([trace, assessment]) => {
  drop(trace.assessments, assessment);
  return call('deleteAssessment', [refTo(trace.ref), refTo(assessment.ref)]);
});

/** The operations with how often each is made. */
export const ASSESSMENT_OPERATIONS: Made = [
  [3, logFeedback],
  [2, logExpectation],
  [1, logAssessment],
  [2, on(withAssessment(), ([trace, { ref }]) => call('getAssessment', [refTo(trace.ref), refTo(ref)]))],
  [1, update],
  [1, override],
  [0.5, remove],
];

/** Those that must be refused. */
export const ASSESSMENT_MISHAPS: Made = [
  [1, () => call('logFeedback', [NOBODY], { value: true })],
  [1, () => call('logExpectation', [NOBODY, 'expected', 'x'])],
  [1, on(aTrace, ({ ref }) => call('getAssessment', [refTo(ref), `a-${'0'.repeat(32)}`]))],
  [1, on(aTrace, ({ ref }) => call('overrideFeedback', [refTo(ref), `a-${'0'.repeat(32)}`, true]))],
];

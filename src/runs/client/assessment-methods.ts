// Assessments of MlflowClient: Python has them as functions of `mlflow`, with the same names.
import { mlflowError } from '../../errors.ts';
import type {
  Assessment,
  AssessmentOptions,
  AssessmentSource,
  Expectation,
  Feedback,
  FeedbackOptions,
  NewAssessment,
} from '../../model/assessments.ts';
import { ASSESSMENT_SOURCE_TYPES } from '../../model/assessments.ts';
import type { AssessmentRequest } from '../../rest/endpoints/assessments.ts';
import { toTexts } from './checks.ts';
import { TraceMethods } from './trace-methods.ts';

/** The methods of the client for assessments of traces. */
export abstract class AssessmentMethods extends TraceMethods {
  /** Gives a trace feedback: a value, or why there is none. */
  async logFeedback(traceId: string, options: FeedbackOptions): Promise<Feedback> {
    const made = await this.#create(traceId, { ...options, kind: 'feedback' });
    return made as Feedback; // what was sent comes back
  }

  /** Says what a trace should have been. */
  async logExpectation(
    traceId: string,
    name: string,
    value: unknown,
    options: AssessmentOptions = {},
  ): Promise<Expectation> {
    const made = await this.#create(traceId, { ...options, kind: 'expectation', name, value });
    return made as Expectation; // what was sent comes back
  }

  /** Gives a trace feedback or an expectation. */
  async logAssessment(traceId: string, assessment: NewAssessment): Promise<Assessment> {
    return this.#create(traceId, assessment);
  }

  /** Reads an assessment. */
  getAssessment(traceId: string, assessmentId: string): Promise<Assessment> {
    return this.ask('getAssessment', { traceId, assessmentId });
  }

  /** Changes the name, the value, and what else is given of an assessment; not its kind. */
  async updateAssessment(traceId: string, assessmentId: string, assessment: NewAssessment): Promise<Assessment> {
    return this.ask('updateAssessment', { traceId, assessmentId, assessment: complete(assessment) });
  }

  /** Deletes an assessment; what it had overridden is valid again. */
  deleteAssessment(traceId: string, assessmentId: string): Promise<void> {
    return this.ask('deleteAssessment', { traceId, assessmentId });
  }

  /** Gives feedback in the place of other feedback, which stays, but is valid no more. */
  async overrideFeedback(
    traceId: string,
    assessmentId: string,
    value: unknown,
    options: Pick<FeedbackOptions, 'rationale' | 'source' | 'metadata'> = {},
  ): Promise<Feedback> {
    const old = await this.getAssessment(traceId, assessmentId);
    if (old.kind !== 'feedback') throw invalid(`Assessment ${assessmentId} is no feedback.`);
    const spanId = old.spanId === undefined ? {} : { spanId: old.spanId };
    const made = await this.#create(traceId, { ...options, ...spanId, kind: 'feedback', name: old.name, value }, old);
    return made as Feedback; // what was sent comes back
  }

  async #create(traceId: string, assessment: NewAssessment, overridden?: Feedback): Promise<Assessment> {
    const overrides = overridden?.assessmentId;
    return this.ask('createAssessment', { traceId, assessment: complete(assessment), overrides, timeMs: this.now() });
  }
}

/** With the defaults of Python's classes, and refused as they refuse. */
function complete(assessment: NewAssessment): AssessmentRequest['assessment'] {
  const isFeedback = assessment.kind === 'feedback';
  if (!isFeedback && assessment.kind !== 'expectation') throw invalid('An assessment is feedback, or an expectation.');
  if (!isFeedback && (assessment.value === undefined || assessment.value === null))
    throw invalid('An expectation needs a value.');
  const { source = { sourceType: isFeedback ? 'CODE' : 'HUMAN' } satisfies AssessmentSource } = assessment;
  if (!ASSESSMENT_SOURCE_TYPES.has(source.sourceType))
    throw invalid(`The source of an assessment is one of ${[...ASSESSMENT_SOURCE_TYPES].join(', ')}.`);
  const { metadata, name = 'feedback' } = assessment;
  const texts = metadata === undefined ? {} : { metadata: textsOf(metadata) };
  return { ...assessment, ...texts, name, source };
}

function textsOf(from: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(toTexts(from).map(({ key, value }) => [key, value]));
}

function invalid(message: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', message);
}

// The functions for traces and assessments: Python's `mlflow.search_traces`, `mlflow.log_feedback` and so on.
import type {
  Assessment,
  AssessmentOptions,
  Expectation,
  Feedback,
  FeedbackOptions,
  NewAssessment,
} from '../../model/assessments.ts';
import type { Trace } from '../../model/traces.ts';
import type { PagedList } from '../../runs/client/paged-list.ts';
import type { TraceSearchOptions } from '../../runs/client/trace-methods.ts';
import { defaultClient } from './default-client.ts';

/**
 * Searches traces, by default those of the service's experiment.
 *
 * @example
 * for await (const { info } of await searchTraces({ filterString: "tags.stage = 'dev'" })) console.log(info.requestPreview);
 */
export async function searchTraces(options: TraceSearchOptions = {}): Promise<PagedList<Trace>> {
  return (await defaultClient()).searchTraces(options);
}

/**
 * Reads a trace with its spans.
 *
 * @throws {MlflowError} `RESOURCE_DOES_NOT_EXIST`
 * @example
 * const { info, data } = await getTrace(traceId);
 */
export async function getTrace(traceId: string): Promise<Trace> {
  return (await defaultClient()).getTrace(traceId);
}

/**
 * Sets a tag of a trace.
 *
 * @example
 * await setTraceTag(traceId, 'stage', 'prod');
 */
export async function setTraceTag(traceId: string, key: string, value: unknown): Promise<void> {
  return (await defaultClient()).setTraceTag(traceId, key, value);
}

/**
 * Takes a tag off a trace.
 *
 * @throws {MlflowError} `RESOURCE_DOES_NOT_EXIST` where there is none
 * @example
 * await deleteTraceTag(traceId, 'stage');
 */
export async function deleteTraceTag(traceId: string, key: string): Promise<void> {
  return (await defaultClient()).deleteTraceTag(traceId, key);
}

/**
 * Gives a trace feedback.
 *
 * @example
 * await logFeedback(traceId, { name: 'helpful', value: true, source: { sourceType: 'HUMAN', sourceId: 'ann' } });
 */
export async function logFeedback(traceId: string, options: FeedbackOptions): Promise<Feedback> {
  return (await defaultClient()).logFeedback(traceId, options);
}

/**
 * Says what a trace should have been.
 *
 * @example
 * await logExpectation(traceId, 'expected_response', 'Paris');
 */
export async function logExpectation(
  traceId: string,
  name: string,
  value: unknown,
  options: AssessmentOptions = {},
): Promise<Expectation> {
  return (await defaultClient()).logExpectation(traceId, name, value, options);
}

/**
 * Gives a trace feedback or an expectation.
 *
 * @example
 * await logAssessment(traceId, { kind: 'feedback', name: 'helpful', value: true });
 */
export async function logAssessment(traceId: string, assessment: NewAssessment): Promise<Assessment> {
  return (await defaultClient()).logAssessment(traceId, assessment);
}

/**
 * Reads an assessment.
 *
 * @example
 * const { kind, name } = await getAssessment(traceId, assessmentId);
 */
export async function getAssessment(traceId: string, assessmentId: string): Promise<Assessment> {
  return (await defaultClient()).getAssessment(traceId, assessmentId);
}

/**
 * Changes an assessment.
 *
 * @example
 * await updateAssessment(traceId, assessmentId, { kind: 'feedback', name: 'helpful', value: false });
 */
export async function updateAssessment(
  traceId: string,
  assessmentId: string,
  assessment: NewAssessment,
): Promise<Assessment> {
  return (await defaultClient()).updateAssessment(traceId, assessmentId, assessment);
}

/**
 * Deletes an assessment.
 *
 * @example
 * await deleteAssessment(traceId, assessmentId);
 */
export async function deleteAssessment(traceId: string, assessmentId: string): Promise<void> {
  return (await defaultClient()).deleteAssessment(traceId, assessmentId);
}

/**
 * Gives feedback in the place of other feedback.
 *
 * @example
 * await overrideFeedback(traceId, assessmentId, false, { rationale: 'checked by hand' });
 */
export async function overrideFeedback(
  traceId: string,
  assessmentId: string,
  value: unknown,
  options: Pick<FeedbackOptions, 'rationale' | 'source' | 'metadata'> = {},
): Promise<Feedback> {
  return (await defaultClient()).overrideFeedback(traceId, assessmentId, value, options);
}

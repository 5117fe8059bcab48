// The endpoints of assessments: what they are asked, and their JSON.
import { RunspanError } from '../../errors.ts';
import { ASSESSMENT_SOURCE_TYPES } from '../../model/assessments.ts';
import type { Assessment, AssessmentError, AssessmentSource, NewAssessment } from '../../model/assessments.ts';
import { oneOf, optional, text } from '../wire/checked.ts';
import { API_3, by, get, post, type Endpoint, type WireFields } from '../wire/endpoint.ts';
import { writeExact } from '../wire/exact-json.ts';
import { assessmentAnswer } from '../wire/wire-assessments.ts';
import { nothing } from '../wire/wire-values.ts';
import { isError } from '../../model/any-realm.ts';

/** One assessment of a trace. */
export interface AssessmentKey {
  readonly traceId: string;
  readonly assessmentId: string;
}

/** A new assessment, or what changes of an old one. */
export interface AssessmentRequest {
  readonly traceId: string;
  readonly assessment: NewAssessment & { readonly name: string; readonly source: AssessmentSource };
  /** What it overrides. */
  readonly overrides?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
}

/** The endpoints, by the name this package has for them. */
export interface AssessmentEndpoints {
  readonly createAssessment: Endpoint<AssessmentRequest, Assessment>;
  readonly getAssessment: Endpoint<AssessmentKey, Assessment>;
  readonly updateAssessment: Endpoint<AssessmentKey & Pick<AssessmentRequest, 'assessment'>, Assessment>;
  readonly deleteAssessment: Endpoint<AssessmentKey, void>;
}

/** How much of a stack trace Python keeps, in characters, and what it puts before the rest. */
const MAX_STACK_CHARS = 10_000;
const CUT = '[Stack trace is truncated]\n...\n';

const path = `${API_3}traces/{trace_id}/assessments`;

/**
 * The table. An assessment is made at each sending, and is gone after the first.
 *
 * @see https://mlflow.org/docs/latest/genai/assessments/
 */
export const ASSESSMENT_ENDPOINTS: AssessmentEndpoints = {
  createAssessment: post(path, 'once', createFields, assessmentAnswer),
  getAssessment: get(`${path}/{assessment_id}`, keyFields, assessmentAnswer),
  updateAssessment: by('PATCH', post(`${path}/{assessment_id}`, 'repeatable', updateFields, assessmentAnswer)),
  deleteAssessment: by('DELETE', post(`${path}/{assessment_id}`, 'once', keyFields, nothing)),
};

/** An assessment as it was made elsewhere. */
export function keptFields(from: Assessment): WireFields {
  return {
    assessment_id: text(from.assessmentId, 'assessment id'),
    trace_id: text(from.traceId, 'trace id'),
    assessment_name: text(from.name, 'the name of an assessment'),
    span_id: optional(from.spanId, 'span id'),
    source: {
      source_type: oneOf(from.source.sourceType, ASSESSMENT_SOURCE_TYPES, 'the source type of an assessment'),
      source_id: text(from.source.sourceId, 'source id'),
    },
    create_time: new Date(from.createTimeMs).toISOString(),
    last_update_time: new Date(from.lastUpdateTimeMs).toISOString(),
    metadata: Object.fromEntries(Object.entries(from.metadata).map(([key, each]) => [key, text(each, key)])),
    valid: from.isValid,
    ...keptValue(from),
  };
}

function keptValue(from: Assessment): WireFields {
  if (from.kind === 'expectation') return { expectation: expectationFields(from.value) };
  const rationale = optional(from.rationale, 'rationale');
  if (from.kind === 'issue') return { issue: { issue_name: text(from.issueName, 'the name of an issue') }, rationale };
  const feedback = { value: plain(from.value), error: errorFields(from.error) };
  return { feedback, rationale, overrides: optional(from.overrides, 'assessment id') };
}

function keyFields({ traceId, assessmentId }: AssessmentKey): WireFields {
  return { trace_id: text(traceId, 'trace id'), assessment_id: text(assessmentId, 'assessment id') };
}

function createFields({ traceId, assessment, overrides, timeMs }: AssessmentRequest): WireFields {
  const { source, spanId } = assessment;
  const time = new Date(timeMs).toISOString();
  return {
    trace_id: text(traceId, 'trace id'),
    assessment: {
      trace_id: text(traceId, 'trace id'),
      ...contentFields(assessment),
      span_id: optional(spanId, 'span id'),
      source: {
        source_type: oneOf(source.sourceType, ASSESSMENT_SOURCE_TYPES, 'the source type of an assessment'),
        source_id: text(source.sourceId ?? 'default', 'source id'),
      },
      create_time: time,
      last_update_time: time,
      overrides: optional(overrides, 'assessment id'),
      valid: true,
    },
  };
}

function updateFields(from: AssessmentKey & Pick<AssessmentRequest, 'assessment'>): WireFields {
  const fields = contentFields(from.assessment);
  // the mask is protobuf's FieldMask, whose JSON has camelCase
  const names = Object.entries({ ...fields, assessment_name: undefined, assessmentName: fields['assessment_name'] });
  const mask = names.filter(([, value]) => value !== undefined).map(([name]) => name);
  return { ...keyFields(from), assessment: { ...keyFields(from), ...fields }, update_mask: mask.join(',') };
}

function contentFields(from: AssessmentRequest['assessment']): WireFields {
  const { name, metadata, kind, value } = from;
  return {
    assessment_name: text(name, 'the name of an assessment'),
    ...(kind === 'feedback'
      ? {
          feedback: { value: plain(value), error: errorFields(from.error) },
          rationale: optional(from.rationale, 'rationale'),
        }
      : { expectation: expectationFields(value) }),
    metadata:
      metadata === undefined
        ? undefined
        : Object.fromEntries(Object.entries(metadata).map(([key, each]) => [key, text(each, `metadata '${key}'`)])),
  };
}

/** protobuf's Value has doubles alone: what is no scalar, or none that a double holds, goes as a text of JSON. */
function expectationFields(value: unknown): WireFields {
  const isPlain = typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  if (isPlain) return { value };
  return { serialized_value: { serialization_format: 'JSON_FORMAT', value: json(value) } };
}

function plain(value: unknown): unknown {
  if (value === undefined) return null;
  const text = json(value);
  try {
    // what Python's client makes of it: every number a double
    return JSON.parse(text);
  } catch (cause) {
    throw new RunspanError('INVALID_VALUE', 'Cannot send feedback: MLflow takes no NaN and no infinity there.', {
      cause,
    });
  }
}

function json(value: unknown): string {
  try {
    const text = writeExact(value);
    if (text !== undefined) return text;
  } catch (cause) {
    throw new RunspanError('INVALID_VALUE', 'Cannot send an assessment: its value contains itself.', { cause });
  }
  throw new RunspanError('INVALID_VALUE', `Cannot send an assessment: its value is a ${typeof value}.`);
}

function errorFields(from: Error | AssessmentError | string | undefined): WireFields | undefined {
  if (from === undefined) return undefined;
  const { errorCode, errorMessage, stackTrace } = describeError(from);
  return {
    error_code: text(errorCode, 'error code'),
    error_message: optional(errorMessage, 'error message'),
    stack_trace:
      stackTrace === undefined || stackTrace.length <= MAX_STACK_CHARS
        ? optional(stackTrace, 'stack trace')
        : CUT + text(stackTrace, 'stack trace').slice(CUT.length - MAX_STACK_CHARS),
  };
}

function describeError(from: Error | AssessmentError | string): AssessmentError {
  if (typeof from === 'string') return { errorCode: 'ASSESSMENT_ERROR', errorMessage: from };
  if (!isError(from)) return from;
  const { name, message, stack } = from;
  return { errorCode: name, errorMessage: message, ...(stack === undefined ? {} : { stackTrace: stack }) };
}

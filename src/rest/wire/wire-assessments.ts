// The JSON of assessments, turned into this package's nouns.
import { z } from 'zod';
import type { Assessment, AssessmentError, AssessmentInfo } from '../../model/assessments.ts';
import type { Decoder } from './endpoint.ts';
import { parseExact } from './exact-json.ts';
import { absent, rfc3339Ms, text } from './wire-values.ts';

const error = z
  .object({ error_code: text, error_message: z.string().optional(), stack_trace: z.string().optional() })
  .transform((from): AssessmentError => ({
    errorCode: from.error_code,
    ...(from.error_message === undefined ? {} : { errorMessage: from.error_message }),
    ...(from.stack_trace === undefined ? {} : { stackTrace: from.stack_trace }),
  }));

/** A value by itself, or as a text of JSON: protobuf's own has doubles only. */
const expectation = z
  .object({ value: z.unknown().optional(), serialized_value: z.object({ value: z.string() }).optional() })
  .transform((from): unknown =>
    from.serialized_value === undefined ? from.value : parseExact(from.serialized_value.value),
  );

/** One assessment of a trace. */
export const assessment: z.ZodType<Assessment> = z
  .object({
    assessment_id: text,
    assessment_name: text,
    trace_id: text,
    span_id: absent,
    source: z
      .object({
        source_type: z
          .enum(['HUMAN', 'LLM_JUDGE', 'CODE', 'SOURCE_TYPE_UNSPECIFIED'])
          .default('SOURCE_TYPE_UNSPECIFIED'),
        source_id: text,
      })
      .transform((from) => ({ sourceType: from.source_type, sourceId: from.source_id })),
    create_time: rfc3339Ms,
    last_update_time: rfc3339Ms,
    feedback: z.object({ value: z.unknown().optional(), error: error.optional() }).optional(),
    expectation: expectation.optional(),
    issue: z.object({ issue_name: text }).optional(),
    rationale: absent,
    metadata: z.record(z.string(), z.string()).default({}),
    overrides: absent,
    valid: z.boolean().default(false),
  })
  .transform((from, ctx): Assessment => {
    const { rationale, overrides } = from;
    const info: AssessmentInfo = {
      assessmentId: from.assessment_id,
      traceId: from.trace_id,
      name: from.assessment_name,
      source: from.source,
      spanId: from.span_id,
      metadata: from.metadata,
      createTimeMs: from.create_time,
      lastUpdateTimeMs: from.last_update_time,
      isValid: from.valid,
    };
    if (from.feedback !== undefined) {
      const { value = null, error: reason } = from.feedback;
      return { kind: 'feedback', ...info, value, error: reason, rationale, overrides };
    }
    if (from.issue !== undefined) return { kind: 'issue', ...info, issueName: from.issue.issue_name, rationale };
    if (from.expectation !== undefined) return { kind: 'expectation', ...info, value: from.expectation };
    ctx.addIssue({ code: 'custom', message: 'an assessment of another kind' });
    return z.NEVER;
  });

/** An assessment that was made, read or changed. */
export const assessmentAnswer: Decoder<Assessment> = z.object({ assessment }).transform((from) => from.assessment);

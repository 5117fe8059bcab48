// What is thought of a trace: feedback on it, and what it should have been.

/** Who assessed. */
export type AssessmentSourceType = 'HUMAN' | 'LLM_JUDGE' | 'CODE' | 'SOURCE_TYPE_UNSPECIFIED';

/** Who assessed, and by which name. */
export interface AssessmentSource {
  /** A human, a model, or a program. */
  readonly sourceType: AssessmentSourceType;
  /** Such as an address or a model's name. @default 'default' */
  readonly sourceId?: string;
}

/** Why there is no feedback. */
export interface AssessmentError {
  /** Such as `RATE_LIMIT_EXCEEDED`, or the name of an error's class. */
  readonly errorCode: string;
  /** What happened. */
  readonly errorMessage?: string;
  /** The last 10,000 characters are kept. */
  readonly stackTrace?: string;
}

/** What a new assessment of either kind may have. */
export interface AssessmentOptions {
  /** By default `{ sourceType: 'CODE' }` for feedback, and `HUMAN` for an expectation. */
  readonly source?: AssessmentSource;
  /** Values are stored as text. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** The span that is meant; by default the whole trace. */
  readonly spanId?: string;
}

/** What new feedback may have. */
export interface FeedbackOptions extends AssessmentOptions {
  /** What is assessed. @default 'feedback' */
  readonly name?: string;
  /** A number, a text, a boolean, or a list or an object of those. */
  readonly value?: unknown;
  /** Why there is no value. */
  readonly error?: Error | AssessmentError | string;
  /** Why the value is what it is. */
  readonly rationale?: string;
}

/** New feedback. */
export interface NewFeedback extends FeedbackOptions {
  /** What it is. */
  readonly kind: 'feedback';
}

/** A new expectation. */
export interface NewExpectation extends AssessmentOptions {
  /** What it is. */
  readonly kind: 'expectation';
  /** Such as `expected_response`. */
  readonly name: string;
  /** Anything that JSON holds; an integer beyond ±(2^53 − 1) as a bigint. */
  readonly value: unknown;
}

/** What a trace may be given. */
export type NewAssessment = NewFeedback | NewExpectation;

/** What every assessment of a trace has. */
export interface AssessmentInfo {
  /** `a-` and 32 hex characters. */
  readonly assessmentId: string;
  /** The trace that it is of. */
  readonly traceId: string;
  /** Of an issue its id. */
  readonly name: string;
  /** Who assessed. */
  readonly source: Required<AssessmentSource>;
  /** Undefined where the whole trace is meant. */
  readonly spanId: string | undefined;
  /** Texts. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly createTimeMs: number;
  /** Milliseconds since the epoch. */
  readonly lastUpdateTimeMs: number;
  /** False once another one overrides it. */
  readonly isValid: boolean;
}

/** Feedback on a trace. */
export interface Feedback extends AssessmentInfo {
  /** What it is. */
  readonly kind: 'feedback';
  /** Null where there is none. */
  readonly value: unknown;
  /** Why there is no value. */
  readonly error: AssessmentError | undefined;
  /** Why the value is what it is. */
  readonly rationale: string | undefined;
  /** The assessment that it overrides. */
  readonly overrides: string | undefined;
}

/** What a trace should have been. */
export interface Expectation extends AssessmentInfo {
  /** What it is. */
  readonly kind: 'expectation';
  /** What was expected. */
  readonly value: unknown;
}

/** A trace's link to an issue. */
export interface IssueReference extends AssessmentInfo {
  /** What it is. */
  readonly kind: 'issue';
  /** What the issue is called. */
  readonly issueName: string;
  /** Why it is linked. */
  readonly rationale: string | undefined;
}

/** An assessment of a trace. */
export type Assessment = Feedback | Expectation | IssueReference;

/** Who assesses. */
export const ASSESSMENT_SOURCE_TYPES: ReadonlySet<string> = new Set([
  'HUMAN',
  'LLM_JUDGE',
  'CODE',
  'SOURCE_TYPE_UNSPECIFIED',
]);

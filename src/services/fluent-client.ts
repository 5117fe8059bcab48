// What the functions without an instance ask of a client, of whichever copy of this package it is.
import type { MlflowClient } from '../runs/client/mlflow-client.ts';

/** The client's methods that are functions too. */
export type FluentClient = Pick<
  MlflowClient,
  | 'registerModel'
  | 'searchTraces'
  | 'getTrace'
  | 'setTraceTag'
  | 'deleteTraceTag'
  | 'logFeedback'
  | 'logExpectation'
  | 'logAssessment'
  | 'getAssessment'
  | 'updateAssessment'
  | 'deleteAssessment'
  | 'overrideFeedback'
>;

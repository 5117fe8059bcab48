// What the drain makes of an error: try again, wait for the user, or bury the record.
import { expect, test } from 'vitest';
import { MlflowError, RunspanError } from '../../../src/errors.ts';
import { DestinationRefused, judgeError } from '../../../src/outbox/delivery/patience.ts';

const answered = (status: number, isRetryable = false, errorCode = 'INVALID_PARAMETER_VALUE'): MlflowError =>
  new MlflowError('said so', { errorCode, status, isRetryable });

test.each([
  ['a server that is away', answered(0, true), 'retry'],
  ['a locked database', answered(503, true), 'retry'],
  [
    'an answer that may hide a success',
    new MlflowError('x', { errorCode: 'X', status: 500, isRetryable: false, isAmbiguous: true }),
    'retry',
  ],
  ['a bad record', answered(400), 'rejected'],
  ['a run that is gone', answered(404, false, 'RESOURCE_DOES_NOT_EXIST'), 'rejected'],
  ['an artifact proxy that is switched off', answered(503), 'rejected'],
  ['wrong credentials, which the user mends', answered(401, false, 'UNAUTHENTICATED'), 'refused'],
  ['a path without MLflow, which the user mends', answered(404, false, 'ENDPOINT_NOT_FOUND'), 'refused'],
  ['a deleted experiment', new DestinationRefused(new Error('deleted')), 'refused'],
  ['a file that changed', new RunspanError('FILE_NOT_READABLE', 'changed'), 'rejected'],
  ['a fault of our own', new TypeError('x is not a function'), 'unforeseen'],
])('%s', (_, error, judgement) => {
  expect(judgeError(error)).toBe(judgement);
});

// What the drain makes of an error: try again, wait for the user, or bury the record.
import { expect, test } from 'vitest';
import { MlflowError, RunspanError } from '../../../src/errors.ts';
import { DestinationRefused, Patience, judgeError } from '../../../src/outbox/delivery/patience.ts';
import { fakeSystem, settle } from '../fake-system.ts';

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
  ['a store that is opened anew', new RunspanError('SERVICE_STOPPED', 'closed'), 'retry'],
  ['a file that changed', new RunspanError('FILE_NOT_READABLE', 'changed'), 'rejected'],
  ['a fault of our own', new TypeError('x is not a function'), 'unforeseen'],
  ['a file of the package that is gone', Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' }), 'refused'],
])('%s', (_, error, judgement) => {
  expect(judgeError(error)).toBe(judgement);
});

test.each([
  ['that was not carried out is sent again at once', false, 0],
  ['whose answer was lost is not sent again before it can have been carried out', true, 250],
])('where somebody waits for the end, a request %s', async (_, isAmbiguous, restMs) => {
  const system = fakeSystem();
  const patience = new Patience({ system, reopen: () => Promise.resolve(), onWarning: () => undefined });
  let tries = 0;
  const outcome = patience.attempt(() => {
    tries += 1;
    if (tries > 1) return Promise.resolve('taken');
    return Promise.reject(new MlflowError('x', { errorCode: 'X', status: 0, isRetryable: true, isAmbiguous }));
  });
  await settle();
  patience.hurry();
  await settle();
  if (restMs > 0) {
    system.clock.advance(restMs - 1);
    await settle();
    expect(tries).toBe(1);
    system.clock.advance(1);
  }
  expect(await outcome).toEqual({ status: 'done', value: 'taken' });
});

test('a refusal is said although an outage was before it, and each once until it goes well', async () => {
  const system = fakeSystem();
  const said: string[] = [];
  const patience = new Patience({
    system,
    reopen: () => Promise.resolve(),
    onWarning: (message) => said.push(message.slice(0, 50)),
  });
  patience.hurry();
  const answers = [500, 401, 500, 401].map((status) => answered(status, status === 500));
  for (let round = 1; round <= 2; round += 1) {
    const left = [...answers];
    const outcome = patience.attempt(() => {
      const error = left.shift();
      return error === undefined ? Promise.resolve('taken') : Promise.reject(error);
    });
    for (let waits = 0; waits < answers.length; waits += 1) {
      await settle();
      system.clock.advance(500);
    }
    expect(await outcome).toEqual({ status: 'done', value: 'taken' });
  }
  const once = [
    'The tracking store cannot be reached for now: said',
    'The tracking store refuses what is sent: said so E',
  ];
  expect(said).toEqual([...once, ...once]);
});

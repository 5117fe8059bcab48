// A token that code gives: the drain asks for it too, wherever it runs.
import { expect, it } from 'vitest';
import { RunspanError } from '../../../src/errors.ts';
import { json, startServer, text } from '../../rest/scripted-server.ts';
import { makeService, startService } from './mlflow-fixture.ts';

const experiment = json({ experiment: { experiment_id: '1', name: 'exp', lifecycle_stage: 'active' } });

it.each(['worker', 'inline'] as const)('is asked before each request of a drain in the %s', async (drain) => {
  const server = await startServer(experiment, text('expired', 401), experiment);
  let count = 0;
  const asked: boolean[] = [];
  const token = ({ isRefused }: { readonly isRefused: boolean }): Promise<string> => {
    asked.push(isRefused);
    return Promise.resolve(`hunter-${++count}`);
  };
  const { mlflow } = await startService({ drain, trackingUri: server.url, token });
  expect(await mlflow.client().getExperiment('1')).toMatchObject({ name: 'exp' });
  // On a busy machine this thread may answer so late that the first token is sent once more.
  const sent = server.seen.map(({ headers }) => headers['authorization']);
  expect([sent[0], sent.at(-1), sent.length]).toEqual(['Bearer hunter-1', `Bearer hunter-${count}`, 3]);
  expect(asked).toEqual([false, false, true]);
});

it.each(['worker', 'inline'] as const)('that cannot be had is no end of a drain in the %s', async (drain) => {
  const server = await startServer(experiment);
  const answers = [
    () => Promise.reject(new Error('the vault is sealed')),
    () => ({}) as string,
    () => Promise.resolve('hunter-1'),
  ];
  const { mlflow } = await startService({
    drain,
    trackingUri: server.url,
    token: () => (answers.length > 1 ? answers.shift() : answers[0])?.() ?? '',
  });
  expect(await mlflow.client().getExperiment('1')).toMatchObject({ name: 'exp' });
  expect(server.seen.every(({ headers }) => headers['authorization'] === 'Bearer hunter-1')).toBe(true);
});

it('is a text or a function, and is shown neither way', () => {
  const make = (token: unknown) => () => makeService({ token: token as string });
  expect(make(7)).toThrow(RunspanError);
  expect(make(7)).not.toThrow(/7/);
  const { mlflow } = make(() => 'hunter-1')();
  expect(JSON.stringify(mlflow.settings)).not.toContain('token');
});

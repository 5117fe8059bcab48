// What a job of a history logs.
import type { Write } from '../../../src/model/write.ts';
import { metric } from '../writes.ts';
import type { Action } from './actions.ts';
import type { Choices } from './random.ts';
import type { SimRun } from './sim-run.ts';

interface Surroundings {
  readonly choices: Choices;
  readonly nowMs: number;
}

/** One of the calls that a job makes within a run. */
export function logInRun(run: SimRun, action: Action, { choices, nowMs }: Surroundings): void {
  const { key, owner } = run;
  const put = (write: Write): boolean => owner.append(write);
  switch (action) {
    case 'metrics': {
      const count = choices.isChance(0.2) ? 40 + choices.below(120) : 1 + choices.below(12);
      for (let index = 0; index < count; index += 1) put(metric(key, (run.metrics += 1)));
      return;
    }
    case 'tag':
      put({ kind: 'tags', runKey: key, tags: [{ key: 'count', value: String((run.tags += 1)) }] });
      return;
    case 'param':
      put({ kind: 'params', runKey: key, params: [{ key: `p${owner.attempts.length}`, value: 'v' }] });
      return;
    case 'attribute':
      put({
        kind: 'attributes',
        runKey: key,
        params: [],
        metrics: [],
        tags: [{ key: `a${owner.attempts.length}`, value: 'v' }],
      });
      return;
    case 'bad':
      if (put({ ...metric(key, 0), key: 'bad' })) run.hasBad = true;
      return;
    case 'artifact': {
      const file = owner.spool(`text ${owner.attempts.length}`);
      if (file === undefined) return;
      put({ kind: 'artifact', runKey: key, path: `${owner.attempts.length}.txt`, source: { kind: 'spool', file } });
      return;
    }
    case 'end':
      run.hasEnded = true;
      put({
        kind: 'end',
        runKey: key,
        status: choices.pick(['FINISHED', 'FAILED']),
        endTimeMs: nowMs,
      });
      return;
    default:
      throw new Error(`no such action: ${action}`);
  }
}

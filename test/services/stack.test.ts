import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AlertsService } from '../../src/services/alerts/alerts-service.ts';
import { LoggerService } from '../../src/services/logger/logger-service.ts';
import { MlflowService } from '../../src/services/mlflow/mlflow-service.ts';
import { Service } from '../../src/services/lifecycle/service.ts';
import type { StopOptions } from '../../src/services/lifecycle/service.ts';
import { startServices } from '../../src/services/stack.ts';
import { makeFolder, optionsIn } from './mlflow/mlflow-fixture.ts';

interface Behaviour {
  readonly onStart?: () => void;
  readonly onStop?: () => void;
}

/** A service that notes what is done with it. */
class Noted extends Service {
  readonly #name: string;
  readonly #notes: string[];
  readonly #behaviour: Behaviour;
  readonly deadlines: (number | undefined)[] = [];

  constructor(name: string, notes: string[], behaviour: Behaviour = {}) {
    super();
    this.#name = name;
    this.#notes = notes;
    this.#behaviour = behaviour;
  }

  protected override async onStart(): Promise<void> {
    await Promise.resolve();
    this.#behaviour.onStart?.();
    this.#notes.push(`start ${this.#name}`);
  }

  protected override async onStop(options: StopOptions): Promise<void> {
    await Promise.resolve();
    this.deadlines.push(options.timeoutMs);
    this.#notes.push(`stop ${this.#name}`);
    this.#behaviour.onStop?.();
  }
}

const fail = (message: string) => (): never => {
  throw new Error(message);
};

describe('startServices', () => {
  test.each<[string, readonly unknown[], string]>([
    ['a list', [[new LoggerService({ sink: '/dev/null' })]], 'one by one: startServices(logger, alerts, mlflow)'],
    ['a class', [LoggerService], 'Make it with new.'],
    ['nothing', [undefined], 'Argument 1 of startServices is no service'],
  ])('%s instead of a service is an error that says the mend', async (_, given, words) => {
    const starting = startServices(...(given as readonly Service[])); // what a job in JavaScript may hand over
    await expect(starting).rejects.toThrow(words);
    await expect(starting).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('starts in the order given, one after the other, and stops in reverse', async () => {
    const notes: string[] = [];
    const services = await startServices(new Noted('a', notes), new Noted('b', notes), new Noted('c', notes));
    await services.stop();
    expect(notes).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
  });

  test('stops what it started where one fails to start, and throws that one error', async () => {
    const notes: string[] = [];
    const last = new Noted('d', notes);
    const starting = startServices(
      new Noted('a', notes),
      new Noted('b', notes),
      new Noted('c', notes, { onStart: fail('no c') }),
      last,
    );
    await expect(starting).rejects.toThrow('no c');
    expect(notes).toEqual(['start a', 'start b', 'stop b', 'stop a']);
    expect(last.status).toBe('stopped');
  });

  test('an error of the clean-up goes with the error of the start, not in its place', async () => {
    const notes: string[] = [];
    const starting = startServices(
      new Noted('a', notes, { onStop: fail('a cannot stop') }),
      new Noted('b', notes, { onStart: fail('no b') }),
    );
    const error = await starting.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: 'no b', cause: { errors: [{ message: 'a cannot stop' }] } });
  });

  test('stops all even where some fail, and throws what failed together', async () => {
    const notes: string[] = [];
    const services = await startServices(
      new Noted('a', notes, { onStop: fail('a') }),
      new Noted('b', notes),
      new Noted('c', notes, { onStop: fail('c') }),
    );
    const error = await services.stop().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({ errors: [{ message: 'c' }, { message: 'a' }] });
    expect(notes.slice(3)).toEqual(['stop c', 'stop b', 'stop a']);
  });

  test('carries one deadline through all of them', async () => {
    const notes: string[] = [];
    const busy = (): void => {
      const until = performance.now() + 30;
      while (performance.now() < until);
    };
    const [first, second, third] = [
      new Noted('a', notes),
      new Noted('b', notes),
      new Noted('c', notes, { onStop: busy }),
    ] as const;
    const services = await startServices(first, second, third);
    await services.stop({ timeoutMs: 60_000 });
    expect(third.deadlines[0]).toBeLessThanOrEqual(60_000);
    expect(second.deadlines[0]).toBeLessThanOrEqual(59_970);
    expect(first.deadlines[0]).toBeLessThanOrEqual(second.deadlines[0] ?? 0);
    expect(first.deadlines[0]).toBeGreaterThan(0);
  });

  test('gives nobody less than no time, and nobody a deadline where none is given', async () => {
    const notes: string[] = [];
    const hurried = new Noted('a', notes);
    await (await startServices(hurried, new Noted('b', notes))).stop({ timeoutMs: 0 });
    expect(hurried.deadlines).toEqual([0]);
    const calm = new Noted('c', notes);
    await (await startServices(calm)).stop();
    expect(calm.deadlines).toEqual([undefined]);
  });

  test('may be stopped twice, at once and by `await using`', async () => {
    const notes: string[] = [];
    {
      await using services = await startServices(new Noted('a', notes), new Noted('b', notes));
      await Promise.all([services.stop(), services.stop()]);
    }
    expect(notes).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  test('links what it is given: runs log through the logger and alert through the alerts, in whatever order', async () => {
    const folder = makeFolder();
    const lines: string[] = [];
    const logger = new LoggerService({ sink: join(folder, 'job.log'), level: 'INFO', colorize: false });
    const alerts = new AlertsService({ enable: false, appName: 'job' }, { write: (line) => lines.push(line) });
    const mlflow = new MlflowService(optionsIn(folder));
    const services = await startServices(mlflow, alerts, logger);
    onTestFinished(() => services.stop());
    const key = await mlflow.runContext('a', (run) => {
      run.log.info({ rows: 442 }, 'loaded');
      run.fail('too low');
      return run.key;
    });
    await services.stop();
    expect(lines).toEqual([expect.stringMatching(/^\[job\] Run a failed: too low .*\n$/)]);
    const log = readFileSync(join(folder, 'job.log'), 'utf8');
    expect(log).toMatch(new RegExp(`loaded.*rows=442.*${key}|loaded.*${key}`));
    expect(log.match(/Run 'a' (started|FAILED)/g)).toEqual(["Run 'a' started", "Run 'a' FAILED"]);
  });

  test('what the constructor was given wins over what it is linked to', async () => {
    const folder = makeFolder();
    const [mine, theirs]: [string[], string[]] = [[], []];
    const alerts = new AlertsService({ enable: false }, { write: (line) => theirs.push(line) });
    const mlflow = new MlflowService({
      ...optionsIn(folder),
      alerts: { notify: (title) => mine.push(title) },
      logger: new LoggerService({ level: 'CRITICAL' }),
    });
    const services = await startServices(alerts, mlflow);
    onTestFinished(() => services.stop());
    await mlflow.runContext('a', (run) => run.fail('x'));
    expect([mine, theirs]).toEqual([['Run a failed'], []]);
  });
});

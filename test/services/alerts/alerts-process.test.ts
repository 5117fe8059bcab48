// Alerts of real processes, with a notify-send of ours first on the PATH.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';

const SERVICE = new URL('../../../src/services/alerts/alerts-service.ts', import.meta.url).href;
const SCRIPTS = {
  records: '#!/bin/sh\nfor part in "$@"; do printf "%s|" "$part"; done >> "$0.seen"\necho >> "$0.seen"\n',
  fails: '#!/bin/sh\necho "cannot open display" >&2\nexit 1\n',
  hangs: '#!/bin/sh\necho called >> "$0.seen"\nexec sleep 20\n',
} as const;

let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'runspan-alerts-'));
});

afterAll(() => {
  rmSync(root, { recursive: true });
});

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
  /** What our notify-send was called with, one call a line. */
  readonly seen: string;
}

/** What each job may wait for: so many calls of notify-send, or what is so. */
const PRELUDE = `
import { existsSync, readFileSync } from 'node:fs';
const seen = process.env.PATH.split(':')[0] + '/notify-send.seen';
const until = async (isSo) => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
};
const untilCalled = (count) => until(() => existsSync(seen) && readFileSync(seen, 'utf8').split('\\n').length > count);
`;

/** Runs a job that has `alerts`, not yet started, in a folder with this notify-send or none. */
async function runJob(
  body: string,
  script?: keyof typeof SCRIPTS,
  options = "{ appName: 'churn', timeout: 3 }",
): Promise<Ended> {
  const folder = mkdtempSync(join(root, 'job-'));
  const program = join(folder, 'bin/notify-send');
  mkdirSync(join(folder, 'bin'));
  if (script !== undefined) writeFileSync(program, SCRIPTS[script]);
  if (script !== undefined) chmodSync(program, 0o755);
  // Without a script the machine's own notify-send must not be found either, so the rest of the PATH goes.
  const path =
    script === undefined ? join(folder, 'bin') : [join(folder, 'bin'), process.env['PATH'] ?? ''].join(delimiter);
  const file = join(folder, 'job.mjs');
  writeFileSync(
    file,
    `import { AlertsService } from '${SERVICE}';\nconst alerts = new AlertsService(${options});\n${PRELUDE}${body}\n`,
  );
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', file],
      { cwd: folder, env: { PATH: path } },
      (error, stdout, stderr) => {
        const seen = existsSync(`${program}.seen`) ? readFileSync(`${program}.seen`, 'utf8') : '';
        resolve({ stdout, stderr, code: typeof error?.code === 'number' ? error.code : 0, seen });
      },
    );
  });
}

const LINE = '[churn] Run failed: out of "$memory" `here`\n';
const NOTIFY = "alerts.notify('Run failed', 'out of \"$memory\" `here`');";
const START = 'await alerts.start();';

describe.skipIf(process.platform !== 'linux')('alerts of a process', { concurrent: true }, () => {
  it('reach notify-send with title, message, application and time, and write nothing', async ({ expect }) => {
    const body = `${START} ${NOTIFY} alerts.notify('--version', '-x'); await untilCalled(2); await alerts.stop();`;
    const job = await runJob(body, 'records');
    expect(job).toMatchObject({ stdout: '', stderr: '', code: 0 });
    const calls = job.seen.trim().split('\n').toSorted();
    expect(calls).toEqual([
      'Run failed|out of "$memory" `here`|--app-name|churn|--expire-time|3000|',
      '\u2011-version|\u2011x|--app-name|churn|--expire-time|3000|',
    ]);
  });

  it('that come last still reach notify-send: the natural end waits a moment, without a line', async ({ expect }) => {
    // Half a second is too short on a machine that stalls just then, so that one of three must do; an end that waits for none has a line each time.
    const runOnce = (): Promise<Ended> => runJob(`${START} ${NOTIFY}`, 'records');
    const jobs = [await runOnce(), await runOnce(), await runOnce()];
    const seen = expect.stringContaining('Run failed|') as string;
    expect(jobs).toContainEqual({ stdout: '', stderr: '', code: 0, seen });
  });

  it('are one line where notify-send fails', async ({ expect }) => {
    expect(await runJob(`${START} ${NOTIFY}`, 'fails')).toMatchObject({ stdout: LINE, stderr: '', code: 0 });
  });

  it('are one line where notify-send hangs, and do not keep the process alive', async ({ expect }) => {
    const body = `${START} ${NOTIFY} await untilCalled(1);
      const raisedMs = performance.now();
      process.on('exit', () => process.stderr.write(String(performance.now() - raisedMs)));`;
    const job = await runJob(body, 'hangs');
    expect(job).toMatchObject({ stdout: LINE, code: 0, seen: 'called\n' });
    expect(Number(job.stderr)).toBeLessThan(10_000);
  });

  it('are one line at the deadline where notify-send hangs and the job goes on', async ({ expect }) => {
    const body = `let isTold = false;
      const write = (line) => (isTold = process.stdout.write(line));
      const quick = new AlertsService({ appName: 'churn' }, { deadlineMs: 100, write });
      await quick.start();
      quick.notify('Run failed', 'it hangs');
      const count = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('Proc')).length;
      await until(() => isTold && count() === 0);
      console.log('the job goes on', count());`;
    expect(await runJob(body, 'hangs')).toMatchObject({
      stdout: '[churn] Run failed: it hangs\nthe job goes on 0\n',
      code: 0,
    });
  });

  it('are one line without notify-send, and then node-notifier is never loaded', async ({ expect }) => {
    const body = `${START} ${NOTIFY}
      const { createRequire } = await import('node:module');
      const loaded = Object.keys(createRequire('${fileURLToPath(import.meta.url)}').cache).filter((name) => name.includes('node-notifier'));
      console.log(loaded.length);`;
    expect(await runJob(body)).toMatchObject({ stdout: `${LINE}0\n`, stderr: '', code: 0 });
  });

  it('do not load node-notifier before the first one', async ({ expect }) => {
    const body = `${START}
      const { createRequire } = await import('node:module');
      const { cache } = createRequire('${fileURLToPath(import.meta.url)}');
      const count = () => Object.keys(cache).filter((name) => name.includes('node-notifier')).length;
      console.log(count());
      ${NOTIFY}
      console.log(count() > 0);
      await untilCalled(1);
      await alerts.stop();`;
    expect(await runJob(body, 'records')).toMatchObject({ stdout: '0\ntrue\n', stderr: '' });
  });

  it('are one line, and nothing else, when disabled', async ({ expect }) => {
    const job = await runJob(`${START} ${NOTIFY}`, 'records', "{ appName: 'churn', enable: false }");
    expect(job).toMatchObject({ stdout: LINE, stderr: '', code: 0, seen: '' });
  });

  it('are one line when raised while the process ends, and keep its exit code', async ({ expect }) => {
    const late = `${START} process.on('exit', () => { ${NOTIFY} }); process.exitCode = 3;`;
    expect(await runJob(late, 'records')).toMatchObject({ stdout: LINE, stderr: '', code: 3 });
    expect(await runJob(`${START} ${NOTIFY} process.exit(4);`, 'hangs')).toMatchObject({
      stdout: LINE,
      stderr: '',
      code: 4,
    });
  });

  it('are one line when the job crashes in the same turn, and the stack is untouched', async ({ expect }) => {
    const job = await runJob(`${START} ${NOTIFY} throw new RangeError('boom');`, 'hangs');
    expect(job).toMatchObject({ stdout: LINE, code: 1 });
    expect(job.stderr).toContain('RangeError: boom');
  });

  it('of a job whose reader has gone cost neither an error nor time', async ({ expect }) => {
    const job = await runJob(
      `const { closeSync } = await import('node:fs');
       closeSync(1);
       alerts.notify('nobody', 'reads');
       process.stderr.write('done');`,
    );
    expect(job).toMatchObject({ stdout: '', stderr: 'done', code: 0 });
  });
});

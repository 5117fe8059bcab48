// `runspan outbox` and `runspan sync` on what real jobs left behind: offline ones, killed ones, ones that a store refused.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

const BIN = join(import.meta.dirname, '../../bin/runspan.cjs');
const PACKAGE = join(import.meta.dirname, '../../dist/index.js');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-sync-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function run(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
  const ours = /^(RUNSPAN|MLFLOW|OTEL|AWS|NODE_OPTIONS|VITEST|FORCE_COLOR)/;
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    env: { ...clean, ...env },
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

/** Runs a job of the package in a folder. */
function job(cwd: string, body: string, env: Readonly<Record<string, string>> = {}): Ended {
  const file = join(cwd, 'job.mjs');
  writeFileSync(
    file,
    `import { MlflowService } from ${JSON.stringify(PACKAGE)};\nconst mlflow = new MlflowService({ experimentName: 'churn' });\nawait mlflow.start();\n${body}\n`,
  );
  return run(cwd, [file], env);
}

const runspan = (cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended =>
  run(cwd, [BIN, ...args], env);

const OFFLINE = { RUNSPAN_OFFLINE: '1' };
const TRAIN = `await mlflow.runContext('train', (run) => {
  run.logParam('rows', 442);
  for (let step = 0; step < 100; step++) run.logMetric('loss', 1 / (step + 1), { step });
  return run.logText('said', 'notes.txt');
});
await mlflow.stop();`;

describe('a job that is offline', () => {
  it('ends at once and leaves everything for runspan sync, which delivers it', () => {
    const folder = makeFolder();
    const { code, stderr } = job(folder, TRAIN, OFFLINE);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /records were not delivered before the stop, and are kept in .*'runspan sync', delivers them/,
    );
    expect(existsSync(join(folder, 'mlflow.db'))).toBe(false);

    const waiting = runspan(folder, ['outbox']);
    expect(waiting.stdout).toMatch(
      /PENDING +REFUSED +PROCESS +SEEN +RUNS +FOR\n *\d{3} +0 +\d+ on .*, gone +.* ago +train +sqlite:\/\/\//,
    );

    const dry = runspan(folder, ['sync', '--dry-run']);
    expect(dry.stdout).toMatch(/train +sqlite/);
    expect(existsSync(join(folder, 'mlflow.db'))).toBe(false);

    const synced = runspan(folder, ['sync']);
    expect(synced).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d{3} records delivered, 0 refused, 0 left\.\n$/) as string,
    });
    const [run] = JSON.parse(runspan(folder, ['runs', '--json']).stdout) as { runName: string; status: string }[];
    expect(run).toMatchObject({ runName: 'train', status: 'FINISHED' });
    const shown = JSON.parse(runspan(folder, ['show', '--json']).stdout) as Record<string, unknown>;
    expect(JSON.stringify(shown)).toMatch(/"rows":"442"/);
    expect(runspan(folder, ['outbox']).stdout).toMatch(/^Nothing waits in /);
    expect(runspan(folder, ['sync']).stdout).toBe('Nothing to deliver.\n');
  });

  it('says to who needs the store that there is none, and does not wait', () => {
    const { stdout } = job(
      makeFolder(),
      `console.log(await mlflow.client().getRun('x').catch((error) => error.code + ' ' + error.message));
       console.log(JSON.stringify(await mlflow.flush()));
       await mlflow.stop();`,
      OFFLINE,
    );
    expect(stdout).toMatch(
      /^NOT_SUPPORTED getRun needs the tracking store, and RUNSPAN_OFFLINE says that nothing is sent/,
    );
    expect(stdout).toMatch(/\{"isComplete":true,"delivered":0,"pending":0,"deadLettered":0,"durability":"os"\}/);
  });

  it('that is killed has its run ended by the sync', () => {
    const folder = makeFolder();
    job(
      folder,
      `const run = await mlflow.startRun('train');\nrun.logMetric('loss', 0.5);\nprocess.kill(process.pid, 'SIGKILL');`,
      OFFLINE,
    );
    const { code, stdout } = runspan(folder, ['sync', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ refused: 0, left: 0, reapedRuns: ['train'], skipped: [] });
    expect(JSON.parse(runspan(folder, ['runs', '--json']).stdout)).toMatchObject([
      { runName: 'train', status: 'KILLED' },
    ]);
  });

  it('is delivered elsewhere where --to says so', () => {
    const folder = makeFolder();
    job(folder, TRAIN, { ...OFFLINE, MLFLOW_TRACKING_URI: 'http://127.0.0.1:9' });
    const { code } = runspan(folder, ['sync', '--to', 'sqlite:///other.db']);
    expect(code).toBe(0);
    expect(JSON.parse(runspan(folder, ['runs', '--tracking-uri', 'sqlite:///other.db', '--json']).stdout)).toHaveLength(
      1,
    );
  });
});

describe('runspan sync', () => {
  it('gives up where nothing moves, keeps everything and says so by its exit code', () => {
    const folder = makeFolder();
    job(folder, TRAIN, { ...OFFLINE, MLFLOW_TRACKING_URI: 'http://127.0.0.1:9' });
    const { code, stdout, stderr } = runspan(folder, ['sync', '--timeout', '1']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^0 records delivered, 0 refused, \d{3} left\.$/m);
    expect(stderr).toMatch(/http:\/\/127\.0\.0\.1:9 has taken nothing for 1 s: what is left stays where it is/);
    expect(runspan(folder, ['outbox']).stdout).toMatch(/train +http:\/\/127\.0\.0\.1:9/);
  });

  it('gives up soon where the credentials are refused, and says so', async () => {
    const folder = makeFolder();
    const server = createServer((_, response) => response.writeHead(401).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    job(folder, TRAIN, { ...OFFLINE, MLFLOW_TRACKING_URI: uri });
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, [BIN, 'sync', '--timeout', '600'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_TOKEN: 'old' },
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(1);
    expect(said).toContain('The credentials were refused');
    expect(said).toContain(`${uri} refuses what is sent: what is left stays where it is.`);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('is summed up where --watch is ended by %s', async (signal) => {
    const folder = makeFolder();
    job(folder, TRAIN, OFFLINE);
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, [BIN, 'sync', '--watch'], {
      cwd: folder,
      env: { PATH: process.env['PATH'] },
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await vi.waitUntil(() => runspan(folder, ['outbox']).stdout.startsWith('Nothing waits'), 20_000);
    child.kill(signal);
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    expect(said).toMatch(/^\d{3} records delivered, 0 refused, 0 left\.$/m);
  });

  it('gives a server that only a folder names no credentials of the environment', async () => {
    const folder = makeFolder();
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(503).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const foreign = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    job(folder, TRAIN, { ...OFFLINE, MLFLOW_TRACKING_URI: foreign });
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, [BIN, 'sync', '--timeout', '5'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], MLFLOW_TRACKING_URI: 'http://127.0.0.1:9', MLFLOW_TRACKING_TOKEN: 'hidden' },
    });
    await new Promise((resolve) => child.on('exit', resolve));
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  it('sends what was refused once more with --retry-dead, with the files it speaks of', () => {
    const folder = makeFolder();
    // The experiment is in the bin: everything of the run is refused, and kept.
    job(
      folder,
      `const client = mlflow.client(); await mlflow.runContext('first', () => undefined); await mlflow.flush();
      const [experiment] = await client.searchExperiments({ filterString: "name = 'churn'" }).all();
      await mlflow.runContext('gone', async (run) => {
        await run.created();
        await client.deleteRun(run.runId);
        run.logMetric('loss', 0.5, { step: 1 });
        await mlflow.flush();
        await client.restoreRun(run.runId);
      });
      await mlflow.stop();`,
    );
    const before = runspan(folder, ['outbox']);
    expect(before.stdout).toMatch(
      /refused for good; runspan sync --retry-dead sends them once more:\n {2}.*is deleted in the store/,
    );
    const { code, stdout } = runspan(folder, ['sync', '--retry-dead']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+ records delivered, 0 refused, 0 left/) as string,
    });
    expect(runspan(folder, ['outbox']).stdout).toMatch(/^Nothing waits in /);
    expect(runspan(folder, ['show', 'gone']).stdout).toMatch(/loss +0\.5/);
    expect(readdirSync(join(folder, '.runspan', 'dead-letters'))).toEqual([]);
  });

  it('leaves a folder alone whose job is at work', () => {
    const folder = makeFolder();
    const { stdout } = job(
      folder,
      `import { spawnSync } from 'node:child_process';
       const run = await mlflow.startRun('train');
       run.logMetric('loss', 1);
       const { MLFLOW_TRACKING_URI, RUNSPAN_OFFLINE, ...env } = process.env;
       const { stdout } = spawnSync(process.execPath, [${JSON.stringify(BIN)}, 'sync', '--json'], { encoding: 'utf8', env });
       console.log(stdout);
       await run.end();
       await mlflow.stop();`,
      OFFLINE,
    );
    expect(JSON.parse(stdout)).toMatchObject({
      delivered: 0,
      skipped: [{ why: expect.stringMatching(/^process \d+ is at work on it$/) as string }],
    });
  });
});

// What does it cost client and server to take one large file up? Ours beside Python's client, undici alone and curl, by the tracking server onto
// a folder or onto S3, and to S3 itself. For Linux, which tells the servers' CPU time. node bench/upload.ts [MB] [rounds] [folder|proxy|s3 …]
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Pool } from 'undici';
import { openArtifacts } from '../src/artifacts/repositories/open.ts';
import { findPython, startBackend, type Backend, type BackendName } from '../test/live/backends.ts';
import { median } from './measure.ts';

const [megabytes = '500', rounds = '5', ...chosen] = process.argv.slice(2);
const SIZE_BYTES = Number(megabytes) * 1_000_000;
const ROUNDS = Number(rounds);
const BUCKET = 'runspan';
/** What Linux counts CPU time in, of a second. */
const TICK = 0.01;
const READ_BYTES = 1024 * 1024;
const run = promisify(execFile);
const children: ChildProcessWithoutNullStreams[] = [];
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-upload-'));
const source = join(folder, 'files');
const file = join(source, 'large.bin');

/** What one upload took of the client, in seconds. */
interface Cost {
  readonly seconds: number;
  readonly cpu: number;
}

type Contestant = () => Promise<Cost>;

/** Which way the file goes, and who goes it. */
interface Way {
  readonly question: string;
  readonly backend: BackendName;
  readonly contestants: (env: Readonly<Record<string, string>>) => Readonly<Record<string, Contestant>>;
}

async function here(work: () => Promise<unknown>): Promise<Cost> {
  const startMs = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - startMs) / 1_000, cpu: (user + system) / 1_000_000 };
}

function ours(uri: string, env: Readonly<Record<string, string>>): Contestant {
  return async () => {
    const artifacts = await openArtifacts(uri, {
      trackingUri: trackingOf(env),
      connection: { artifacts: { s3: s3Of(env) } },
    });
    await artifacts.list();
    const cost = await here(() => artifacts.putFile('files/large.bin', file));
    await artifacts.close();
    return cost;
  };
}

/** Started when first asked, and kept: what it loads is not the transfer's. */
function python(uri: string, env: Readonly<Record<string, string>>): Contestant {
  let child: ChildProcessWithoutNullStreams | undefined;
  let answers: AsyncIterator<string> | undefined;
  return async () => {
    if (child === undefined) {
      const args = [join(import.meta.dirname, 'artifacts.py'), uri, source];
      child = spawn(await findPython(), args, { env: { ...process.env, ...env } });
      children.push(child);
    }
    answers ??= createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.write('again\n');
    const { value, done } = await answers.next();
    if (done === true) throw new Error(`Python says: ${String(child.stderr.read())}`);
    return JSON.parse(value) as Cost; // the script's own line
  };
}

function undici(url: URL): Contestant {
  return async () => {
    const pool = new Pool(url.origin, { headersTimeout: 0, bodyTimeout: 0 });
    const cost = await here(async () => {
      const { statusCode, body } = await pool.request({
        method: 'PUT',
        path: url.pathname,
        headers: { 'content-length': String(SIZE_BYTES) },
        body: createReadStream(file, { highWaterMark: READ_BYTES }),
      });
      await body.dump();
      if (statusCode !== 200) throw new Error(`${url.href} answers ${statusCode}.`);
    });
    await pool.close();
    return cost;
  };
}

/** Bash tells the CPU time of its children. */
function curl(url: URL, ...options: readonly string[]): Contestant {
  const command = `TIMEFORMAT='%U %S'; time curl -sSf -o /dev/null -w '%{time_total} ' -H 'Expect:' -T "$0" "$@"`;
  return async () => {
    const { stdout, stderr } = await run('bash', ['-c', command, file, ...options, url.href]);
    const [user = Number.NaN, system = Number.NaN] = stderr.trim().split(' ').map(Number);
    return { seconds: Number(stdout), cpu: user + system };
  };
}

const trackingOf = (env: Readonly<Record<string, string>>): string => env['MLFLOW_TRACKING_URI'] ?? '';
const s3Of = (env: Readonly<Record<string, string>>) => ({
  endpointUrl: env['MLFLOW_S3_ENDPOINT_URL'] ?? '',
  accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
  secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
});

const byProxy: Way['contestants'] = (env) => {
  const url = (who: string): URL =>
    new URL(`${trackingOf(env)}/api/2.0/mlflow-artifacts/artifacts/bench/${who}/large.bin`);
  return {
    ours: ours('mlflow-artifacts:/bench/ours', env),
    Python: python('mlflow-artifacts:/bench/python', env),
    'undici alone': undici(url('undici')),
    curl: curl(url('curl')),
  };
};

const toS3: Way['contestants'] = (env) => {
  const { endpointUrl, accessKeyId, secretAccessKey } = s3Of(env);
  const signed = ['--aws-sigv4', 'aws:amz:us-east-1:s3', '--user', `${accessKeyId}:${secretAccessKey}`];
  const unhashed = ['-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD'];
  return {
    ours: ours(`s3://${BUCKET}/bench/ours`, env),
    Python: python(`s3://${BUCKET}/bench/python`, env),
    'curl, whole, unhashed': curl(new URL(`${endpointUrl}/${BUCKET}/bench/curl.bin`), ...signed, ...unhashed),
  };
};

const WAYS: Readonly<Record<string, Way>> = {
  folder: { question: 'by the tracking server onto a folder', backend: 'mlflow', contestants: byProxy },
  proxy: { question: 'by the tracking server onto S3', backend: 'mlflow-s3', contestants: byProxy },
  s3: { question: 'to S3 itself', backend: 'mlflow-s3', contestants: toS3 },
};

/** CPU time of the servers, in seconds: each is a session of its own, and its children are in it. */
function serverCpu({ runFolder }: Backend): number {
  const sessions = new Set(
    readdirSync(runFolder).map((name) => readFileSync(join(runFolder, name, 'pid'), 'utf8').trim()),
  );
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fields = statOf(pid);
    if (sessions.has(fields[3] ?? '')) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * TICK;
}

/** From the third field on: the second is a name, which may hold anything. */
function statOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return []; // it has ended since
  }
}

async function compare({ question, backend: name, contestants }: Way): Promise<void> {
  const backend: Backend = await startBackend(name);
  try {
    const all = Object.entries(contestants(backend.env));
    const costs = new Map(all.map(([who]) => [who, [] as (Cost & { readonly server: number })[]]));
    // the first round warms up and does not count
    for (let round = 0; round <= ROUNDS; round++)
      for (const [who, upload] of all) {
        const before = serverCpu(backend);
        const cost = await upload();
        if (round > 0) costs.get(who)?.push({ ...cost, server: serverCpu(backend) - before });
      }
    console.log(`\n${megabytes} MB ${question}, ${ROUNDS} rounds, medians`);
    console.log(
      `${cpus().length} × ${cpus()[0]?.model ?? '?'}, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`,
    );
    console.log(`${''.padEnd(24)}     wall    least   client's CPU   servers' CPU   wall, × ours`);
    for (const [who, own] of costs) {
      const wall = own.map(({ seconds }) => seconds);
      const ratio = median(wall.map((seconds, round) => seconds / (costs.get('ours')?.[round]?.seconds ?? Number.NaN)));
      const cells = [
        `${median(wall).toFixed(2)} s`.padStart(9),
        `${Math.min(...wall).toFixed(2)} s`.padStart(9),
        `${median(own.map(({ cpu }) => cpu)).toFixed(2)} s`.padStart(15),
        `${median(own.map(({ server }) => server)).toFixed(2)} s`.padStart(15),
        ratio.toFixed(2).padStart(15),
      ];
      console.log(who.padEnd(24) + cells.join(''));
    }
  } finally {
    await backend.stop();
  }
}

try {
  mkdirSync(source);
  const block = randomBytes(1_000_000);
  for (let written = 0; written < SIZE_BYTES; written += block.length) writeFileSync(file, block, { flag: 'a' });
  for (const name of chosen.length === 0 ? Object.keys(WAYS) : chosen) {
    const way = WAYS[name];
    if (way === undefined) throw new Error(`There is no way '${name}': ${Object.keys(WAYS).join(', ')}.`);
    await compare(way);
  }
} finally {
  for (const child of children) child.stdin.end();
  rmSync(folder, { recursive: true });
}

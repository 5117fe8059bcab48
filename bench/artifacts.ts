// How quick do files travel, one large and many small? Beside it: Python's client, and the AWS SDK alone.
// node bench/artifacts.ts [MB] [files] [only those whose name holds this]; 0 leaves a table out
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getFolder, putFolder } from '../src/artifacts/repositories/folders.ts';
import { openArtifacts } from '../src/artifacts/repositories/open.ts';
import { inParallel } from '../src/artifacts/transfer/parallel.ts';
import { findPython, startBackend } from '../test/live/backends.ts';

const [MEGABYTES = 1000, FILES = 10_000] = process.argv.slice(2, 4).map(Number);
const ONLY = process.argv[4] ?? '';
const FILE_BYTES = 4096;
const AT_ONCE = 8;
const BUCKET = 'runspan';
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-artifacts-'));
const backend = await startBackend('mlflow-s3');
const env: Readonly<Record<string, string>> = backend.env;
const trackingUri = env['MLFLOW_TRACKING_URI'] ?? '';
const s3 = {
  endpointUrl: env['MLFLOW_S3_ENDPOINT_URL'] ?? '',
  accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
  secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
};
const client = new S3Client({ endpoint: s3.endpointUrl, region: 'us-east-1', forcePathStyle: true, credentials: s3 });

/** Uploads `source`, downloads it to `target`, and returns the seconds of each. */
type Contestant = (root: string, source: string, target: string) => Promise<readonly [number, number]>;

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
};

const ours =
  (scheme: string): Contestant =>
  async (root, source, targetFolder) => {
    const artifacts = await openArtifacts(`${scheme}${root}`, { trackingUri, connection: { artifacts: { s3 } } });
    await artifacts.list();
    const up = await timed(() => putFolder(artifacts, source, { path: 'files' }));
    const down = await timed(() => getFolder(artifacts, 'files', { targetFolder }));
    await artifacts.close();
    return [up, down];
  };

const python =
  (scheme: string): Contestant =>
  async (root, source, target) => {
    const args = [join(import.meta.dirname, 'artifacts.py'), `${scheme}${root}`, source, target];
    mkdirSync(target);
    const { stdout } = await run(await findPython(), args, {
      env: { ...process.env, ...env, MLFLOW_TRACKING_URI: trackingUri },
    });
    const [up, down] = JSON.parse(stdout) as [{ seconds: number }, { seconds: number }]; // the script's one output
    return [up.seconds, down.seconds];
  };

/** As one would write it: lib-storage for the large one, PutObject for small ones, eight files at once. */
const sdk: Contestant = async (root, source, target) => {
  const names = readdirSync(source);
  const keyOf = (name: string): string => `${root}/files/${name}`;
  mkdirSync(target);
  const up = await timed(() =>
    inParallel(names, AT_ONCE, async (name) => {
      const params = { Bucket: BUCKET, Key: keyOf(name) };
      const file = join(source, name);
      if (names.length > 1) await client.send(new PutObjectCommand({ ...params, Body: readFileSync(file) }));
      else await new Upload({ client, params: { ...params, Body: createReadStream(file) } }).done();
    }),
  );
  const down = await timed(() =>
    inParallel(names, AT_ONCE, async (name) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: keyOf(name) }));
      await pipeline(Body as Readable, createWriteStream(join(target, name))); // in Node it is one
    }),
  );
  return [up, down];
};

const contestants: readonly (readonly [string, Contestant])[] = [
  ['S3: AWS SDK alone', sdk],
  ['S3: ours', ours(`s3://${BUCKET}/`)],
  ['S3: Python', python(`s3://${BUCKET}/`)],
  ['proxy onto S3: ours', ours('mlflow-artifacts:/')],
  ['proxy onto S3: Python', python('mlflow-artifacts:/')],
];

function digest(folderOfFiles: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folderOfFiles).toSorted())
    hash.update(name).update(readFileSync(join(folderOfFiles, name)));
  return hash.digest('hex');
}

async function compare(question: string, source: string, megabytes: number): Promise<void> {
  console.log(`\n${question}; ${cpus().length} × ${cpus()[0]?.model ?? '?'}, Node ${process.version}`);
  console.log(`${''.padEnd(24)}       up     MB/s     down     MB/s   load`);
  const expected = digest(source);
  for (const [index, [name, contestant]] of contestants.entries()) {
    if (!name.includes(ONLY)) continue;
    const target = join(folder, 'target');
    const load = loadavg()[0]?.toFixed(1) ?? '?';
    const [up, down] = await contestant(`bench-${megabytes}-${index}/0`, source, target);
    const came = join(target, name === 'S3: AWS SDK alone' ? '' : 'files');
    if (digest(came) !== expected) throw new Error(`${name}: what came back is not what went.`);
    rmSync(target, { recursive: true });
    const cells = [
      `${up.toFixed(1)} s`,
      (megabytes / up).toFixed(0),
      `${down.toFixed(1)} s`,
      (megabytes / down).toFixed(0),
      load,
    ];
    console.log(`${name.padEnd(24)}${cells.map((cell) => cell.padStart(9)).join('')}`);
  }
}

try {
  const block = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => (index * 2654435761) >>> 24));
  if (MEGABYTES > 0) {
    const large = join(folder, 'large');
    mkdirSync(large);
    for (let written = 0; written < MEGABYTES; written++) writeFileSync(join(large, 'large.bin'), block, { flag: 'a' });
    await compare(`1 file of ${MEGABYTES} MB`, large, MEGABYTES);
    rmSync(large, { recursive: true });
  }
  if (FILES > 0) {
    const small = join(folder, 'small');
    mkdirSync(small);
    for (let index = 0; index < FILES; index++)
      writeFileSync(join(small, `${index}.bin`), block.subarray(index, index + FILE_BYTES));
    await compare(`${FILES} files of ${FILE_BYTES} bytes`, small, (FILES * FILE_BYTES) / 1_000_000);
  }
} finally {
  client.destroy();
  rmSync(folder, { recursive: true });
  await backend.stop();
}

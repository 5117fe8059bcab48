// The command line: reads arguments, runs one command, prints, and owns the exit code: 0 done, 1 failed, 2 wrong usage.
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { connect, type ConnectRequest } from './cli/connect.ts';
import { oneLine } from './cli/format.ts';
import { listRuns, type RunsRequest } from './cli/runs-command.ts';
import { showRun, type ShowRequest } from './cli/show-command.ts';
import type { Store } from './stores/contract.ts';

const FAILED = 1;
const WRONG_USAGE = 2;
const DEFAULT_LIMIT = 20;
/** MLflow's own limit of one search (mlflow/store/tracking/__init__.py). */
const MAX_LIMIT = 50_000;

/**
 * Runs one command and sets the process's exit code; never rejects.
 *
 * @param argv without the program and the script
 * @example
 * await main(['runs', '--limit', '5']);
 */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that has seen enough, such as `head`, is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : FAILED);
  });
  try {
    await program().parseAsync([...argv], { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  // Commander has said by itself what is wrong, or has printed its help or version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  process.stderr.write(`runspan: ${oneLine(error instanceof Error ? error.message : String(error), 2000)}\n`);
  return FAILED;
}

function program(): Command {
  const root = new Command('runspan')
    .description('Looks at the runs of a tracking store: sqlite:///mlflow.db here, unless settings say otherwise.')
    .version(readVersion(), '-V, --version')
    .exitOverride()
    .showHelpAfterError('(runspan --help says what there is)');
  addRuns(root);
  addShow(root);
  return root;
}

function addRuns(root: Command): void {
  root
    .command('runs')
    .description('list runs, newest first')
    .option('-e, --experiment <name>', 'only those of this experiment')
    .option('-f, --filter <filter>', 'only those that match, in the language of MLflow: "metrics.loss < 0.5"')
    .option('-n, --limit <count>', 'how many at most', readLimit, DEFAULT_LIMIT)
    .addOption(trackingUriOption())
    .option('--json', 'as JSON')
    .action((options: RunsRequest & ConnectRequest) =>
      withStore(options, async (store) => print(await listRuns(store, options, Date.now()))),
    );
}

function addShow(root: Command): void {
  root
    .command('show')
    .description('show one run: params, metrics, tags, inputs, artifacts, trace')
    .argument('[run]', "a run's id, key or name; the last run by default")
    .addOption(trackingUriOption())
    .option('--json', 'as JSON')
    .action((run: string | undefined, options: ShowRequest & ConnectRequest) =>
      withStore(options, async (store) => {
        const { text, note } = await showRun(store, { ...options, ...(run !== undefined && { run }) }, Date.now());
        print(text);
        if (note) process.stderr.write(`runspan: ${note}\n`);
      }),
    );
}

function trackingUriOption(): Option {
  return new Option(
    '--tracking-uri <uri>',
    'where the runs are; before MLFLOW_TRACKING_URI, .env and the settings file',
  );
}

async function withStore(request: ConnectRequest, use: (store: Store) => Promise<void>): Promise<void> {
  const { trackingUri } = request;
  const store = await connect(trackingUri === undefined ? {} : { trackingUri });
  try {
    await use(store);
  } finally {
    await store.close();
  }
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new InvalidArgumentError(`It is a whole number from 1 to ${MAX_LIMIT}.`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}

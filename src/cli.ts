// The command line: reads arguments, runs one command, prints, and owns the exit code: 0 done, 1 failed, 2 wrong usage.
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { addArtifacts } from './cli/artifacts-program.ts';
import { examples, print, trackingUriOption, withStore } from './cli/command-parts.ts';
import type { ConnectRequest } from './cli/store/connect.ts';
import { type ConfigRequest, showConfig } from './cli/config-command.ts';
import { type OutboxRequest, showOutbox } from './cli/outbox-command.ts';
import { addSync } from './cli/sync-program.ts';
import { oneLine } from './cli/text/format.ts';
import { writePage, type PageRequest } from './cli/page-command.ts';
import { listRuns, type RunsRequest, SORT_NAMES } from './cli/runs-command.ts';
import { DEFAULT_LINES, showRun, type ShowRequest } from './cli/show-command.ts';
import { loadSources } from './config/settings/sources.ts';
import type { RunStatus } from './model/entities.ts';
import { isError } from './model/any-realm.ts';

const FAILED = 1;
const WRONG_USAGE = 2;
const DEFAULT_LIMIT = 20;
/** MLflow's own limit of one search (mlflow/store/tracking/__init__.py). */
const MAX_LIMIT = 50_000;
const MAX_LINES = 100_000;
const STATUSES: readonly RunStatus[] = ['RUNNING', 'FINISHED', 'FAILED', 'KILLED', 'SCHEDULED'];

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
  process.stderr.write(`runspan: ${oneLine(isError(error) ? error.message : String(error), 2000)}\n`);
  return FAILED;
}

function program(): Command {
  const root = new Command('runspan')
    .description('Looks at the runs of a tracking store: sqlite:///mlflow.db here, unless settings say otherwise.')
    .version(readVersion(), '-V, --version')
    .exitOverride()
    .showHelpAfterError('(runspan --help says what there is)')
    .addHelpText('after', examples(['runspan demo', 'runspan runs', 'runspan show', 'runspan show train --html']));
  addRuns(root);
  addShow(root);
  addArtifacts(root);
  addOutbox(root);
  addSync(root);
  addConfig(root);
  addDemo(root);
  return root;
}

function addRuns(root: Command): void {
  root
    .command('runs')
    .description('list runs, newest first')
    .option('-e, --experiment <name>', 'only those of this experiment')
    .option('-f, --filter <filter>', 'only those that match, in the language of MLflow: "metrics.loss < 0.5"')
    .addOption(
      new Option('-s, --status <status>', 'only those of this status')
        .choices(STATUSES)
        .argParser((text) => readStatus(text)),
    )
    .option('--sort <order>', `${Object.keys(SORT_NAMES).join(', ')}, or in the language of MLflow: "metrics.loss ASC"`)
    .option('-n, --limit <count>', 'how many at most', (text) => readCount(text, 1, MAX_LIMIT), DEFAULT_LIMIT)
    .addOption(trackingUriOption())
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples([
        'runspan runs --status failed',
        'runspan runs --experiment churn --sort "metrics.loss ASC" --limit 5',
        'runspan runs --filter "params.optimizer = \'adam\' AND metrics.loss < 0.5" --json',
      ]),
    )
    .action((options: RunsRequest & ConnectRequest) =>
      withStore(options, async ({ store }) =>
        print(await listRuns(store, options, { nowMs: Date.now(), columns: process.stdout.columns })),
      ),
    );
}

function addShow(root: Command): void {
  root
    .command('show')
    .description('show one run: params, metrics, tags, inputs, artifacts, trace, log')
    .argument('[run]', "a run's id, key or name, or the beginning of its id; the last run by default")
    .option(
      '-l, --lines <count>',
      'how many of the last log lines',
      (text) => readCount(text, 0, MAX_LINES),
      DEFAULT_LINES,
    )
    .option('--html', 'as one page for a browser, in a file')
    .option('-o, --out <file>', 'the file of the page; - is stdout')
    .addOption(trackingUriOption())
    .addOption(new Option('--json', 'as JSON').conflicts('html'))
    .addHelpText(
      'after',
      examples(['runspan show', 'runspan show train --lines 50', 'runspan show 5f2a --html --out run.html']),
    )
    .action((run: string | undefined, options: ShowRequest & PageRequest & ConnectRequest & { html?: boolean }) =>
      withStore(options, async (connection) => {
        const request = { ...options, ...(run !== undefined && { run }) };
        const surroundings = { nowMs: Date.now(), columns: process.stdout.columns };
        const isPage = options.html === true || options.out !== undefined;
        const { text, note } = isPage
          ? await writePage(connection, request, surroundings)
          : await showRun(connection, request, surroundings);
        print(text);
        if (note) process.stderr.write(`runspan: ${note}\n`);
      }),
    );
}

function addOutbox(root: Command): void {
  root
    .command('outbox')
    .description('show what jobs left in RUNSPAN_DIR: what waits, whose it is, what was refused and why')
    .option('--json', 'as JSON')
    .addHelpText('after', examples(['runspan outbox', 'RUNSPAN_DIR=/shared/.runspan runspan outbox --json']))
    .action((options: OutboxRequest) => print(showOutbox(options, Date.now())));
}

function addConfig(root: Command): void {
  root
    .command('config')
    .description('show the settings of the services and where each comes from')
    .option('-a, --all', 'defaults too')
    .option('--json', 'as JSON, defaults too')
    .addHelpText(
      'after',
      examples(['runspan config', 'runspan config --all', 'RUNSPAN_LOGGER_LEVEL=INFO runspan config --json']),
    )
    .action((options: ConfigRequest) => print(showConfig(options, loadSources())));
}

function addDemo(root: Command): void {
  root
    .command('demo')
    .description('run a small job, so that there is something to look at')
    .addOption(trackingUriOption())
    .option('--json', 'what it made, as JSON')
    .addHelpText('after', examples(['runspan demo', 'runspan demo --tracking-uri http://127.0.0.1:5000']))
    .action(async (options: ConnectRequest & { json?: boolean }) => {
      // The services are loaded for this command only.
      const { runDemo } = await import('./cli/demo-command.ts');
      const { text, isDelivered } = await runDemo(options);
      print(text);
      if (!isDelivered) process.exitCode = FAILED;
    });
}

function readCount(text: string, min: number, max: number): number {
  const count = Number(text);
  if (text.trim() !== '' && Number.isInteger(count) && count >= min && count <= max) return count;
  throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`);
}

function readStatus(text: string): RunStatus {
  const status = STATUSES.find((one) => one === text.toUpperCase());
  if (status !== undefined) return status;
  throw new InvalidArgumentError(`It is one of ${STATUSES.join(', ').toLowerCase()}.`);
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}

// The command `runspan sync`: its options, and the signals that end it.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { examples, print, progressLine } from './command-parts.ts';
import type { CopyRequest } from './copy-command.ts';
import { sync, type SyncRequest, type SyncSurroundings } from './sync-command.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const DEFAULT_TIMEOUT_S = 60;
const MAX_TIMEOUT_S = 86_400;

type Options = SyncRequest & Partial<CopyRequest>;

/** Adds `sync`. */
export function addSync(root: Command): void {
  root
    .command('sync')
    .description(
      'deliver what jobs left in RUNSPAN_DIR, and end the runs of those that died; with --from, copy a whole store to a server',
    )
    .option('--to <uri>', 'to this tracking URI instead of the one that the job had')
    .option(
      '--from <store>',
      'copy this store: sqlite:///mlflow.db, ./mlruns or the path of a database, with experiments, runs, whole metric ' +
        'histories, artifacts, logged models, traces and the model registry; what was copied before and has not changed is left alone',
    )
    .option('-e, --experiment <name...>', 'with --from: only these experiments, without the registry')
    .addOption(
      new Option('-w, --watch', 'go on with what jobs leave later, until Ctrl-C or SIGTERM').conflicts([
        'from',
        'dryRun',
      ]),
    )
    .addOption(new Option('--retry-dead', 'send what was refused for good once more').conflicts('from'))
    .option('--dry-run', 'say what would be delivered or copied')
    .option(
      '-t, --timeout <seconds>',
      'give up where nothing has moved for so long',
      (text) => readSeconds(text),
      DEFAULT_TIMEOUT_S,
    )
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples([
        'runspan sync',
        'runspan sync --dry-run',
        'runspan sync --to http://127.0.0.1:5000',
        'runspan sync --watch',
        'runspan sync --from mlflow.db --to http://127.0.0.1:5000 --dry-run',
        'runspan sync --from ./mlruns --to http://127.0.0.1:5000 --experiment churn',
      ]),
    )
    .action(async (options: Options, command: Command) => {
      if (options.experiment !== undefined && options.from === undefined)
        command.error('error: --experiment goes with --from');
      await runUntilInterrupted(options);
    });
}

/** The first Ctrl-C, or SIGTERM, ends it in order, with a summary; a second one at once. */
async function runUntilInterrupted(options: Options): Promise<void> {
  const stop = new AbortController();
  let signal: NodeJS.Signals | undefined;
  const interrupt = (name: NodeJS.Signals): void => {
    signal = name;
    release();
    stop.abort();
  };
  const release = (): void => {
    for (const name of SIGNALS) process.removeListener(name, interrupt);
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  const line = progressLine();
  const surroundings = { signal: stop.signal, say: line.say };
  const { text, isComplete } = await deliver(options, surroundings).finally(line.end);
  release();
  print(text);
  if (!isComplete) process.exitCode = 1;
  // What is still under way ends with the process; one that watches is ended by nothing else.
  if (signal !== undefined && options.watch !== true) process.kill(process.pid, signal);
}

async function deliver(
  options: Options,
  surroundings: SyncSurroundings,
): Promise<{ readonly text: string; readonly isComplete: boolean }> {
  const { from, ...request } = options;
  if (from === undefined) return sync(request, surroundings);
  const { copy } = await import('./copy-command.ts');
  return copy({ ...request, from }, surroundings);
}

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_TIMEOUT_S) return seconds;
  throw new InvalidArgumentError(`It is a whole number from 1 to ${MAX_TIMEOUT_S}.`);
}

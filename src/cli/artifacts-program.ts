// The commands of `runspan artifacts`: their arguments and options.
import type { Command } from 'commander';
import {
  type ArtifactsRequest,
  downloadArtifacts,
  listArtifacts,
  type Printed,
  uploadArtifacts,
} from './artifacts-command.ts';
import { examples, print, progressLine, trackingUriOption, withStore } from './command-parts.ts';
import type { Connection, ConnectRequest } from './store/connect.ts';

type Options = ConnectRequest & { readonly json?: boolean };

const RUN = "a run's id, key or name, or the beginning of its id";

/** Adds `artifacts list`, `download` and `upload`. */
export function addArtifacts(root: Command): void {
  const artifacts = root
    .command('artifacts')
    .description("list, download and upload a run's files")
    .addHelpText(
      'after',
      examples([
        'runspan artifacts list train',
        'runspan artifacts download train model --out ./restored',
        'runspan artifacts upload 5f2a ./plots --path plots',
      ]),
    );
  artifacts
    .command('list')
    .description('list every file')
    .argument('<run>', RUN)
    .argument('[path]', 'a folder in the run')
    .addOption(trackingUriOption())
    .option('--json', 'as JSON')
    .action((run: string, path: string | undefined, options: Options) =>
      transfer(options, (connection) => listArtifacts(connection, toRequest(run, path, options))),
    );
  addDownload(artifacts);
  addUpload(artifacts);
}

function addDownload(artifacts: Command): void {
  artifacts
    .command('download')
    .description('download a file or a folder')
    .argument('<run>', RUN)
    .argument('[path]', 'a file or a folder in the run; all of it by default')
    .option('-o, --out <folder>', 'the folder of this machine to put it in', '.')
    .addOption(trackingUriOption())
    .option('--json', 'as JSON')
    .action((run: string, path: string | undefined, options: Options & { readonly out: string }) =>
      transfer(options, (connection, say) =>
        downloadArtifacts(connection, { ...toRequest(run, path, options), out: options.out }, say),
      ),
    );
}

function addUpload(artifacts: Command): void {
  artifacts
    .command('upload')
    .description('upload a file, or what is in a folder')
    .argument('<run>', RUN)
    .argument('<source>', 'a file or a folder of this machine')
    .option('-p, --path <path>', 'the folder in the run to put it in; the root by default')
    .addOption(trackingUriOption())
    .option('--json', 'as JSON')
    .action((run: string, source: string, options: Options & { readonly path?: string }) =>
      transfer(options, (connection, say) =>
        uploadArtifacts(connection, { ...toRequest(run, options.path, options), source }, say),
      ),
    );
}

function toRequest(
  run: string,
  path: string | undefined,
  { json = false }: { readonly json?: boolean },
): ArtifactsRequest {
  return { run, json, ...(path === undefined ? {} : { path }) };
}

function transfer(
  options: Options,
  work: (to: Connection, say: (line: string) => void) => Promise<Printed>,
): Promise<void> {
  return withStore(options, async (connection) => {
    const line = progressLine();
    const { text, note } = await work(connection, (shown) => line.say(shown, true)).finally(line.end);
    print(text);
    if (note !== undefined) process.stderr.write(`runspan: ${note}\n`);
  });
}

// What several commands are made of: examples, the option that says where, the store opened and closed, what is printed and how progress shows.
import { Option } from 'commander';
import { connect, type Connection, type ConnectRequest } from './store/connect.ts';

/** Examples under a command's help. */
export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** Where the runs are. */
export function trackingUriOption(): Option {
  return new Option(
    '--tracking-uri <uri>',
    'where the runs are; before MLFLOW_TRACKING_URI, .env and the settings file',
  );
}

/** Opens the store for one command. */
export async function withStore(
  request: ConnectRequest,
  use: (connection: Connection) => Promise<void>,
): Promise<void> {
  const { trackingUri } = request;
  const connection = await connect(trackingUri === undefined ? {} : { trackingUri });
  try {
    await use(connection);
  } finally {
    await connection.store.close();
  }
}

/** Prints what a command has to say. */
export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

const BAR_WIDTH = 24;

/** Draws how far something is, from 0 to 1. */
export function drawBar(share: number): string {
  const filled = Math.max(0, Math.min(BAR_WIDTH, Math.round(share * BAR_WIDTH)));
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
}

/** Progress goes over itself on a terminal; elsewhere only what has an end is said. */
export function progressLine(): { say: (line: string, isProgress: boolean) => void; end: () => void } {
  const { stderr } = process;
  let isOpen = false;
  const end = (): void => {
    if (isOpen) stderr.write('\r\u001B[K');
    isOpen = false;
  };
  const say = (line: string, isProgress: boolean): void => {
    if (isProgress && !stderr.isTTY) return;
    end();
    stderr.write(isProgress ? line : `runspan: ${line}\n`);
    isOpen = isProgress;
  };
  return { say, end };
}

// The functions for what a run keeps: Python's `mlflow.log_text`, `mlflow.log_artifact` and so on, on the active run.
import type { FigureInput } from '../../artifacts/content/figure.ts';
import type { ImageInput } from '../../artifacts/content/image.ts';
import type { TableInput } from '../../artifacts/content/table.ts';
import type { ImageOptions } from '../../runs/image-options.ts';
import type { InputOptions, Run, RunDataset } from '../../runs/run.ts';
import { onRun } from './act-on-run.ts';

/**
 * Keeps a text as a file of the active run.
 *
 * @example
 * logText('three epochs', 'notes/summary.txt');
 */
export function logText(text: string, artifactFile: string): void {
  onRun('logText', (run) => run.logText(text, artifactFile));
}

/**
 * Keeps an object as a file of the active run: YAML for `.yaml` and `.yml`, else JSON.
 *
 * @example
 * logDict({ rows: 442 }, 'data/profile.yaml');
 */
export function logDict(dictionary: unknown, artifactFile: string): void {
  onRun('logDict', (run) => run.logDict(dictionary, artifactFile));
}

/**
 * Keeps a file of this machine for the active run; settled when it may be changed or deleted.
 *
 * @example
 * await logArtifact('weights.bin', 'model');
 */
export async function logArtifact(localPath: string, artifactPath?: string): Promise<void> {
  await waitingOn('logArtifact', (run) => run.logArtifact(localPath, artifactPath));
}

/**
 * Keeps what is in a folder for the active run; settled when it may be changed or deleted.
 *
 * @example
 * await logArtifacts('checkpoints', 'model');
 */
export async function logArtifacts(localDir: string, artifactPath?: string): Promise<void> {
  await waitingOn('logArtifacts', (run) => run.logArtifacts(localDir, artifactPath));
}

/**
 * Keeps an image of the active run: under a name, or as one of a row of steps.
 *
 * @example
 * logImage({ data: [0, 0.5, 1, 0.5], width: 2, height: 2, channels: 1 }, { key: 'attention', step: 1 });
 */
export function logImage(image: ImageInput, options: ImageOptions): void {
  onRun('logImage', (run) => run.logImage(image, options));
}

/**
 * Keeps a table of the active run, after the rows that it has under this name.
 *
 * @example
 * logTable({ question: ['Why?'], answer: ['42'] }, 'eval.json');
 */
export function logTable(data: TableInput, artifactFile: string): void {
  onRun('logTable', (run) => run.logTable(data, artifactFile));
}

/**
 * Keeps a figure of the active run: SVG, a picture's bytes, or Plotly's or Vega-Lite's JSON.
 *
 * @example
 * logFigure({ data: [{ y: [0.5, 0.25] }], layout: {} }, 'plots/loss.html');
 */
export function logFigure(figure: FigureInput, artifactFile: string): void {
  onRun('logFigure', (run) => run.logFigure(figure, artifactFile));
}

/**
 * Says which data set the active run reads.
 *
 * @example
 * logInput({ name: 'rows', source: 'data/rows.csv' }, { context: 'training' });
 */
export function logInput(dataset: RunDataset, options?: InputOptions): void {
  onRun('logInput', (run) => run.logInput(dataset, options));
}

/** A run that is still being joined keeps it once it is. */
function waitingOn(name: string, act: (run: Run) => Promise<void>): Promise<void> | undefined {
  let kept: Promise<void> | undefined;
  onRun(name, (run) => void (kept = act(run)));
  return kept;
}

// NVIDIA's cards, by its own program: started beside the job, its last answer read.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { BYTES_PER_MEGABYTE, toPercentage } from './probe.ts';
import type { SystemProbe } from './probe.ts';

const PROGRAM = 'nvidia-smi';
const FIELDS = ['index', 'memory.used', 'memory.total', 'utilization.gpu', 'power.draw', 'power.limit'];
const TIMEOUT_MS = 5_000;
/** The program counts memory in these. */
const BYTES_PER_MEBIBYTE = 2 ** 20;

/**
 * Makes the probe of the cards. Each reading gives the answer that came since the one before and asks anew; the program is
 * never waited for, and does not keep the process alive.
 *
 * @param path the variable PATH
 * @returns undefined where the program is not there
 */
export function createGpuProbe(path: string): SystemProbe | undefined {
  const program = findProgram(path);
  if (program === undefined) return undefined;
  // Loaded here: most machines have no such card.
  const { execFile } = process.getBuiltinModule('node:child_process');
  let answer: Readonly<Record<string, number>> = {};
  let stop: (() => void) | undefined;
  const ask = (): void => {
    if (stop !== undefined) return;
    const args = [`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits'];
    const child = execFile(program, args, { timeout: TIMEOUT_MS, windowsHide: true }, (error, stdout) => {
      stop = undefined;
      // A driver that is being updated, a card that fell off the bus: no numbers until it answers again.
      answer = error === null ? parseGpus(stdout) : {};
    });
    child.unref();
    for (const pipe of [child.stdout, child.stderr]) if (pipe !== null && 'unref' in pipe) (pipe.unref as () => void)();
    stop = () => child.kill();
  };
  ask();
  return {
    fold: 'mean',
    read() {
      const current = answer;
      ask();
      return current;
    },
    close: () => stop?.(),
  };
}

/**
 * Reads the program's table: a line a card, MLflow's names out of it; what a card does not tell (`[N/A]`) is left out.
 *
 * @example
 * parseGpus('0, 1024, 4096, 50, 100.0, 400.0'); // { gpu_0_utilization_percentage: 50, gpu_0_power_usage_watts: 100, … }
 */
export function parseGpus(text: string): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const line of text.trim().split('\n')) {
    const [index, used, total, utilization, watts, limit] = line.split(',').map((field) => Number(field.trim() || NaN));
    const values = {
      memory_usage_percentage: toPercentage(used ?? NaN, total ?? NaN),
      memory_usage_megabytes: ((used ?? NaN) * BYTES_PER_MEBIBYTE) / BYTES_PER_MEGABYTE,
      utilization_percentage: utilization,
      power_usage_watts: watts,
      power_usage_percentage: toPercentage(watts ?? NaN, limit ?? NaN),
    };
    for (const [name, value] of Object.entries(values))
      if (Number.isInteger(index) && value !== undefined && Number.isFinite(value))
        found[`gpu_${index}_${name}`] = value;
  }
  return found;
}

function findProgram(path: string): string | undefined {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    const file = join(folder, PROGRAM + suffix);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

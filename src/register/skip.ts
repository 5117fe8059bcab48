// Which processes register leaves alone. Imported before anything else, so it imports next to nothing.
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { isatty } from 'node:tty';
import { isMainThread } from 'node:worker_threads';
import { readEnv } from '../config/env.ts';
import type { EnvSnapshot } from '../config/env.ts';

/** What a process is judged by. */
export interface ProcessFacts {
  /** `process.argv[1]`. */
  readonly script: string | undefined;
  readonly execArgv: readonly string[];
  readonly env: EnvSnapshot;
  readonly isMainThread: boolean;
  readonly isInteractive: boolean;
}

const STDIN = 0;
/** The commands of package managers, which NODE_OPTIONS reaches too; and our own. */
const TOOLS = /^(?:npm|npx|yarn|yarnpkg|pnpm|pnpx|corepack|runspan)(?:-cli)?(?:\.[cm]?js)?$/;
const EVALUATES = /^(?:-[ep]{1,2}|--eval|--print)(?:=|$)/;
const ASKS = /^(?:-i|--interactive)$/;
/** Node does its own work, or only looks at the script. */
const ONLY_CHECKS = /^(?:-c|--check|--v8-options|--build-snapshot|--prof-process)$/;

/**
 * Says why a process gets no run; undefined where it gets one.
 *
 * @example
 * findReasonToSkip(); // 'a package manager' inside npm
 */
export function findReasonToSkip(facts: ProcessFacts = thisProcess()): string | undefined {
  const { script, execArgv, env } = facts;
  if (/^(?:yes|true|1|on)$/i.test(env['RUNSPAN_DISABLED']?.trim() ?? '')) return 'RUNSPAN_DISABLED';
  if (!facts.isMainThread) return 'a worker thread';
  if (execArgv.some((option) => ONLY_CHECKS.test(option))) return 'no job';
  if (script === undefined) {
    const isPrompt = facts.isInteractive || execArgv.some((option) => ASKS.test(option));
    const isJob = execArgv.some((option) => EVALUATES.test(option)) || !isPrompt;
    return isJob ? undefined : 'no job';
  }
  return [script, resolveLinks(script)].some((path) => TOOLS.test(basename(path))) ? 'a package manager' : undefined;
}

function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // Node itself will say that it is not there, or finds it with another ending.
  }
}

function thisProcess(): ProcessFacts {
  const [, script] = process.argv;
  return { script, execArgv: process.execArgv, env: readEnv(), isMainThread, isInteractive: isatty(STDIN) };
}

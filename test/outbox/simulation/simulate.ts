// Histories without end, on all cores: npm run simulate -- [COUNT] [FIRST SEED] [PROCESSES]
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { liveThrough } from './histories.ts';

/** Histories that a process is given at a time: so that none idles at the end, and progress is said now and then. */
const SHARE = 5000;

/** What a process says of a share. */
interface ShareEnd {
  readonly accepted?: number;
  /** A history that ended wrong, with what replays it. */
  readonly wrong?: string;
}

const [count = 1_000_000, firstSeed = 1, processes = availableParallelism()] = process.argv.slice(2).map(Number);

/** A part of the whole: lives through what it is told. */
function takeShares(): void {
  // One that was told nothing more to do, or whose history no one will read.
  process.on('disconnect', () => process.exit());
  process.on('message', ({ seed, share }: { readonly seed: number; readonly share: number }) => {
    liveThrough(seed, share).then(
      (accepted) => tell({ accepted }),
      (error: unknown) => tell({ wrong: error instanceof Error ? error.message : String(error) }),
    );
  });
}

function tell(end: ShareEnd): void {
  // Whoever handed the share out may be gone by then, by Ctrl-C: nobody is left to hear of it.
  process.send?.(end, undefined, undefined, () => undefined);
}

/** Hands shares out until all are lived through, or one history ends wrong. */
async function handOut(): Promise<number> {
  let next = firstSeed;
  let lived = 0;
  let accepted = 0;
  const startMs = performance.now();
  const children: ChildProcess[] = [];
  const serve = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(import.meta.filename, ['share']);
      children.push(child);
      let share = 0;
      const give = (): void => {
        share = Math.min(SHARE, firstSeed + count - next);
        if (share > 0) child.send({ seed: next, share });
        else child.disconnect();
        next += share;
      };
      child.on('message', (end: ShareEnd) => {
        if (end.wrong !== undefined) return reject(new Error(end.wrong));
        lived += share;
        accepted += end.accepted ?? 0;
        const seconds = Math.round((performance.now() - startMs) / 1000);
        if (count > SHARE) console.log(`${lived} of ${count} histories, ${seconds} s`);
        give();
      });
      child.on('error', reject); // one that is told its share while the others end is torn off
      child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a process ended with ${code}`))));
      give();
    });
  try {
    await Promise.all(Array.from({ length: Math.max(1, Math.min(processes, Math.ceil(count / SHARE))) }, serve));
  } finally {
    // One history has ended wrong: what the others are in the middle of is of no use any more.
    for (const child of children) child.kill();
  }
  return accepted;
}

if (process.argv[2] === 'share') takeShares();
else {
  const startMs = performance.now();
  const accepted = await handOut().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(
    `${count} histories from seed ${firstSeed} ended as they must: ${accepted} accepted records, ${seconds} s.`,
  );
}

// Lives through histories one after the other and stops at the first that ends wrong, with what replays it.
import { judge } from './verdict.ts';
import { World } from './world.ts';

/** A history that ended wrong. */
export class WrongEnd extends Error {
  constructor(world: World, problems: readonly string[]) {
    super(
      `History ${world.seed} ended wrong:\n${problems.join('\n')}\n\n${world.lines.join('\n')}\n\nReplay it: npm run simulate -- 1 ${world.seed}`,
    );
  }
}

/**
 * Lives through `count` histories from a seed on; throws {@link WrongEnd} at the first that ends wrong.
 *
 * @returns how many records were accepted in all of them
 */
export async function liveThrough(firstSeed: number, count: number): Promise<number> {
  let accepted = 0;
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    const world = new World(seed);
    await world.live();
    const problems = judge(world);
    if (problems.length > 0) throw new WrongEnd(world, problems);
    accepted += world.processes.flatMap((each) => each.attempts).filter((attempt) => attempt.isCertain).length;
  }
  return accepted;
}

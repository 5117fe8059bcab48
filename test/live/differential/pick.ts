// What an operation works on: something that is there.
import type { Json, Make, Operation } from './operation.ts';
import { type KnownExperiment, type KnownRun, refTo, type World } from './world.ts';

/** An operation on what `pick` finds; none where it finds nothing. */
export function on<T>(
  pick: (world: World) => T | undefined,
  make: (one: T, world: World) => Operation | undefined,
): Make {
  return (world) => {
    const one = pick(world);
    return one === undefined ? undefined : make(one, world);
  };
}

/** One call. */
export function call(method: string, args: readonly Json[], options?: Readonly<Record<string, Json>>): Operation {
  return { method, args, ...(options === undefined ? {} : { options }) };
}

/** One call whose answer is a search. */
export function search(
  method: string,
  args: readonly Json[],
  options: Readonly<Record<string, Json>>,
  take: 'firstPage' | 'all',
): Operation {
  return { method, args, options, take };
}

/** An experiment that is not in the bin. */
export const anExperiment = (world: World): KnownExperiment | undefined =>
  world.one(world.experiments, ({ isActive }) => isActive);

/** A run that is not in the bin. */
export const aRun = (world: World): KnownRun | undefined => world.one(world.runs, ({ isActive }) => isActive);

/** A reference to a run that is not in the bin; scripts begin with one that stays. */
export const runRef = (world: World): Json => refTo(aRun(world)?.ref ?? 'run:1');

/** A reference to an experiment that is not in the bin; the first stays. */
export const experimentRef = (world: World): Json => refTo(anExperiment(world)?.ref ?? 'experiment:1');

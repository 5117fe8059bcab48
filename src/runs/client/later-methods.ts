// The rest of Python's MlflowClient: names that exist already, so that calling one says when it comes instead of "is not a function".
import { RunspanError } from '../../errors.ts';

/** Methods that MLflow has from 3.18 on. */
export const LATER_METHODS = [
  'bulkRegisterSkills',
  'createSkill',
  'createSkillVersion',
  'deleteSkill',
  'deleteSkillAlias',
  'deleteSkillTag',
  'deleteSkillVersion',
  'deleteSkillVersionTag',
  'getLatestSkillVersion',
  'getSkill',
  'getSkillVersion',
  'getSkillVersionByAlias',
  'searchSkillVersions',
  'searchSkills',
  'setSkillAlias',
  'setSkillTag',
  'setSkillVersionTag',
  'updateSkill',
  'updateSkillVersion',
] as const;

/** The name of a client method that is not built yet. */
export type LaterMethod = (typeof LATER_METHODS)[number];

/** Methods that reject with `NOT_SUPPORTED` until the release that brings them. */
export type LaterMethods = Readonly<Record<LaterMethod, (...args: readonly unknown[]) => Promise<never>>>;

/**
 * Makes the methods of {@link LaterMethods}.
 *
 * @example
 * await laterMethods().getSkill('greet').catch((error) => error.code); // 'NOT_SUPPORTED'
 */
export function laterMethods(): LaterMethods {
  const reject = (method: string) => (): Promise<never> =>
    Promise.reject(
      new RunspanError(
        'NOT_SUPPORTED',
        `MlflowClient.${method} is not supported yet: the registry of skills came with MLflow 3.18; see "What is not there yet" in the README.`,
      ),
    );
  // Object.fromEntries forgets the names it was given; they are exactly LATER_METHODS.
  return Object.fromEntries(LATER_METHODS.map((method) => [method, reject(method)])) as LaterMethods;
}

class RejectsLater {
  constructor() {
    Object.assign(this, laterMethods());
  }
}

/** A class that has the {@link LaterMethods}, to extend; the cast because they are put on by the constructor. */
export const LaterMethodsBase: new () => LaterMethods = RejectsLater as unknown as new () => LaterMethods;

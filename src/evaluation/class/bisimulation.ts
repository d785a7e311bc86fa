// Classes of states by the largest bisimulation, and their names. Nothing here needs tfjs, so that a page can ask too.
import type { Auxiliary } from '../../auxiliary/auxiliary.ts';
import { environmentContext } from '../../auxiliary/context.ts';
import { createReward } from '../../auxiliary/reward.ts';
import { type Bisimulation, largestBisimulation, systemOfEnvironment } from '../../bisimulation/index.ts';
import type { Environment } from '../../environments/environment.ts';

/**
 * reward: the classes of the largest bisimulation of dynamics and reward, which is what control needs, whatever the run
 * was trained with. auxiliary: the same with the run's own auxiliaries, which is what its theorem promises.
 * state: every abstract state by itself.
 */
export type ClassSource = 'reward' | 'auxiliary' | 'state';

/** Of recordings, see recording-class.ts. */
export const recordedClassSources = ['column', 'quantiles', 'observed'] as const;
export type RecordedClassSource = (typeof recordedClassSources)[number];

/** Classes, whatever they are made of. */
export interface NamedClasses {
  /** In a word or two. */
  readonly of: string;
  /** C */
  readonly count: number;
  /** [states]: the class of each state. */
  readonly classOf: Int32Array;
  /** [C]: the state's name, or the first state's and how many more there are. */
  readonly names: readonly string[];
  /** What is known about the classes of a recording, in a sentence; those of an environment are exact. */
  readonly claim?: string;
}

export interface StateClasses extends NamedClasses {
  readonly of: ClassSource | RecordedClassSource;
}

/** The classes of dynamics and reward: what control needs. */
export function rewardClasses(environment: Environment): StateClasses {
  return classesOf(environment, 'reward', rewardBisimulation(environment));
}

/** The largest bisimulation of dynamics and reward. */
export function rewardBisimulation(environment: Environment): Bisimulation {
  const reward = createReward({ kind: 'reward', coefficient: 1, loss: undefined }, environmentContext(environment, 0));
  return largestBisimulation(systemOfEnvironment(environment, [reward]));
}

/** @throws UsageError for auxiliaries that are not functions of the state. */
export function bisimulationClasses(
  environment: Environment,
  source: ClassSource,
  auxiliaries: readonly Auxiliary[],
): StateClasses {
  return classesOf(environment, source, largestBisimulation(systemOfEnvironment(environment, auxiliaries)));
}

function classesOf(environment: Environment, source: ClassSource, { classCount, classOf }: Bisimulation): StateClasses {
  return { of: source, count: classCount, classOf, names: namesOf(environment, classOf) };
}

/** [C]: the state's name, or the first state's and how many more there are. */
export function namesOf(environment: Environment, classOf: Int32Array): string[] {
  const members: number[][] = [];
  classOf.forEach((label, state) => {
    members[label] ??= [];
    members[label].push(state);
  });
  return members.map(([first, ...others]) => {
    const name = environment.stateName(first);
    return others.length === 0 ? name : `${name} and ${others.length} more`;
  });
}

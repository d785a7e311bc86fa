// Which states an evaluation asks the latents to tell apart.
import { type Auxiliary, createAuxiliaries, environmentContext } from '../auxiliary/index.ts';
import { largestBisimulation, systemOfEnvironment } from '../bisimulation/index.ts';
import type { Environment } from '../environments/environment.ts';
import { unknownName } from '../error.ts';

/**
 * reward: the classes of the largest bisimulation of dynamics and reward, which is what control needs, whatever the run
 * was trained with. auxiliary: the same with the run's own auxiliaries, which is what its theorem promises.
 * state: every abstract state by itself.
 */
export type ClassSource = 'reward' | 'auxiliary' | 'state';

export const classSources: readonly ClassSource[] = ['reward', 'auxiliary', 'state'];

export interface StateClasses {
  readonly of: ClassSource;
  /** C */
  readonly count: number;
  /** [states]: the class of each state. */
  readonly classOf: Int32Array;
  /** [C]: the state's name, or the first state's and how many more there are. */
  readonly names: readonly string[];
}

export function parseClassSource(where: string, name: string): ClassSource {
  const source = classSources.find((each) => each === name);
  if (source === undefined) throw unknownName(where, 'the source of the classes', name, classSources);
  return source;
}

/** @throws UsageError where `auxiliary` is asked of auxiliaries that are not functions of the state. */
export async function classesOf(
  environment: Environment,
  source: ClassSource,
  auxiliaries: readonly Auxiliary[],
): Promise<StateClasses> {
  if (source === 'state') {
    const classOf = Int32Array.from({ length: environment.stateCount }, (_, state) => state);
    return { of: source, count: environment.stateCount, classOf, names: namesOf(environment, classOf) };
  }
  const context = environmentContext(environment, 0);
  const chosen =
    source === 'auxiliary'
      ? auxiliaries
      : await createAuxiliaries([{ kind: 'reward', coefficient: 1, loss: undefined }], context);
  const { classCount, classOf } = largestBisimulation(systemOfEnvironment(environment, chosen));
  return { of: source, count: classCount, classOf, names: namesOf(environment, classOf) };
}

function namesOf(environment: Environment, classOf: Int32Array): string[] {
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

// Which states an evaluation asks the latents to tell apart.
import type { Auxiliary } from '../../auxiliary/index.ts';
import type { Environment } from '../../environments/environment.ts';
import { bisimulationClasses, type ClassSource, namesOf, rewardClasses, type StateClasses } from './bisimulation.ts';

export type { ClassSource, StateClasses } from './bisimulation.ts';

export const classSources: readonly ClassSource[] = ['reward', 'auxiliary', 'state'];

export function isClassSource(choice: unknown): choice is ClassSource {
  return classSources.some((each) => each === choice);
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
  if (source === 'reward') return rewardClasses(environment);
  return bisimulationClasses(environment, source, auxiliaries);
}

// Which states an evaluation asks the latents to tell apart.
import type { Auxiliary } from '../../auxiliary/index.ts';
import type { Environment } from '../../environments/environment.ts';
import { unknownName } from '../../error.ts';
import { bisimulationClasses, type ClassSource, namesOf, rewardClasses, type StateClasses } from './bisimulation.ts';

export type { ClassSource, StateClasses } from './bisimulation.ts';

export const classSources: readonly ClassSource[] = ['reward', 'auxiliary', 'state'];

export function isClassSource(choice: unknown): choice is ClassSource {
  return classSources.some((each) => each === choice);
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
  if (source === 'reward') return rewardClasses(environment);
  return bisimulationClasses(environment, source, auxiliaries);
}

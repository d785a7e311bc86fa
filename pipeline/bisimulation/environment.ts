// What dynamics and auxiliaries of an environment force apart: exactly where the auxiliary is a function of the state, and by sampled
// images where it is one of the pixels.
import type { Auxiliary } from '../../src/auxiliary/index.ts';
import {
  type BisimulationReport,
  reportBisimulation,
  reportObserved,
  systemFromTransitions,
  systemOfEnvironment,
} from '../../src/bisimulation/index.ts';
import { sampleTransitions } from '../../src/bisimulation/sample.ts';
import type { Environment } from '../../src/environments/index.ts';
import { option, UsageError } from '../../src/error.ts';
import { findPair, firstObservations, type NamedPair } from './pair.ts';

/** Auxiliaries, and what is asked of the states beside their classes. */
export interface EnvironmentBisimulationOptions {
  readonly auxiliaries: readonly Auxiliary[];
  /** Of auxiliaries of the state: what tells these apart. Default none. */
  readonly pairs?: readonly NamedPair[];
  /** Of auxiliaries of the state: the discount of a bisimulation metric, in [0, 1). Default: no metric. */
  readonly metric?: number | undefined;
  /** Values within this are equal. Default 0. */
  readonly tolerance?: number | undefined;
  /** Images that are sampled where an auxiliary is of the pixels. Default 256. */
  readonly images?: number;
  /** Of those images. Default 0. */
  readonly seed?: number;
}

/** A report, and what it is of. */
export interface EnvironmentBisimulation {
  readonly report: BisimulationReport;
  readonly unit: 'states' | 'sampled images';
}

/**
 * The classes of states that any latent has to tell apart, and the shortest words that do.
 * @throws UsageError where pairs or a metric are asked for and an auxiliary is of the pixels, or a pair names no states
 */
export async function bisimulationOfEnvironment(
  environment: Environment,
  { auxiliaries, pairs = [], metric, tolerance, images = 256, seed = 0 }: EnvironmentBisimulationOptions,
): Promise<EnvironmentBisimulation> {
  const { actionNames, stateName } = environment;
  if (!auxiliaries.some(({ of }) => of === 'pixels')) {
    const names = Array.from({ length: environment.stateCount }, (_, state) => stateName(state));
    const report = reportBisimulation(systemOfEnvironment(environment, auxiliaries), {
      actionNames,
      stateName,
      pairs: pairs.map((pair) => findPair(pair, names, environment.name)),
      tolerance,
      discount: metric,
    });
    return { report, unit: 'states' };
  }
  requireStates({ pairs, metric });
  const sample = await sampleTransitions(environment, auxiliaries, { count: images, seed });
  const recorded = systemFromTransitions(sample, { tolerance, omitContradictions: true });
  const imageOf = firstObservations(recorded.stateOf);
  const report = reportObserved(recorded, {
    actionNames,
    stateName: (state) => `an image of ${stateName(sample.states[imageOf[state]])}`,
    tolerance,
  });
  return { report, unit: 'sampled images' };
}

/**
 * A pair of states, or a distance of them, means nothing where each of their images has its own auxiliary value.
 * @throws UsageError where one is asked for
 */
export function requireStates({ pairs = [], metric }: Pick<EnvironmentBisimulationOptions, 'pairs' | 'metric'>): void {
  if (pairs.length === 0 && metric === undefined) return;
  throw new UsageError(
    `${option(pairs.length > 0 ? 'pair' : 'metric')}: expected auxiliaries of the state, got one of the pixels`,
    { remedy: 'A state has many images, each with its own auxiliary value.' },
  );
}

// What the transitions of a recording and columns of it as auxiliary force apart; where every action was taken in every state, the
// largest bisimulation.
import {
  type BisimulationReport,
  reportBisimulation,
  reportObserved,
  type StochasticPair,
  stochasticSystem,
  systemFromTransitions,
  UNOBSERVED,
} from '../../src/bisimulation/index.ts';
import { type RecordedEpisodes, readRecordedEpisodes } from '../../src/bisimulation/recorded-episodes.ts';
import type { Recording, Roles } from '../../src/data/recording.ts';
import { option, UsageError } from '../../src/error.ts';
import { findPair, firstObservations, type NamedPair } from './pair.ts';

/** The auxiliary, and what is asked of the observations beside their classes. */
export interface RecordingBisimulationOptions {
  readonly roles?: Roles;
  /** Columns; the reward's may be called `reward`. */
  readonly auxiliary: readonly string[];
  /** Observations by their states' names: what tells these apart. Default none. */
  readonly pairs?: readonly NamedPair[];
  /** Of a recording that has every action in every state: the discount of a bisimulation metric, in [0, 1). Default: no metric. */
  readonly metric?: number | undefined;
  /** Values within this are equal. Default 0. */
  readonly tolerance?: number | undefined;
  /** Compares the pairs by the distributions of what follows too, within this total variation. Default: not. */
  readonly epsilon?: number | undefined;
  /** Hears of transitions that contradict others. */
  readonly onNote?: (line: string) => void;
}

/** Pairs compared by the distributions of what follows, where actions slip. */
export interface StochasticComparison {
  /** Total variation within which two observations are the same. */
  readonly epsilon: number;
  /** Classes that are certainly apart. */
  readonly classes: number;
  readonly pairs: readonly (StochasticPair & { readonly observations: readonly string[] })[];
}

/** A report of a recording, and the comparison by distributions where one was asked for. */
export interface RecordingBisimulation {
  readonly report: BisimulationReport;
  readonly observations: number;
  readonly actionNames: readonly string[];
  readonly stochastic: StochasticComparison | undefined;
}

/**
 * The classes of observations that the recorded transitions tell apart, and the shortest words that do.
 * @throws UsageError where a pair names no observations, or a metric is asked for and an action was not taken in every state
 */
export async function bisimulationOfRecording(
  recording: Recording,
  { roles = {}, auxiliary, pairs = [], metric, tolerance, epsilon, onNote }: RecordingBisimulationOptions,
): Promise<RecordingBisimulation> {
  const episodes = await readRecordedEpisodes(recording, { roles, auxiliary, tolerance });
  const { names, actionNames } = episodes;
  const recorded = systemFromTransitions(episodes, { tolerance, omitContradictions: true });
  const { system, stateOf, contradiction, omittedCount } = recorded;
  const firstOf = firstObservations(stateOf);
  const found = pairs.map((pair) => findPair(pair, names, recording.path));
  const options = {
    actionNames,
    stateName: (state: number) => names[firstOf[state]],
    pairs: found.map(([first, second]) => [stateOf[first], stateOf[second]] as const),
    tolerance,
  };
  if (contradiction)
    onNote?.(
      `${omittedCount} transitions contradict more frequent ones (${names[contradiction.from]} leads by ${actionNames[contradiction.action]} to ` +
        `${contradiction.to.map((observation) => names[observation]).join(' and to ')}): no encoder has zero loss, and nothing is guaranteed; see ${option('epsilon')}`,
    );
  const isComplete = !contradiction && !system.next.includes(UNOBSERVED);
  if (!isComplete && metric !== undefined)
    throw new UsageError(`${option('metric')}: expected every action in every state, got a recording without some`);
  return {
    report: isComplete
      ? reportBisimulation(system, { ...options, discount: metric })
      : reportObserved(recorded, options),
    observations: episodes.observationCount,
    actionNames,
    stochastic: epsilon === undefined ? undefined : compareDistributions(episodes, found, epsilon),
  };
}

function compareDistributions(
  episodes: RecordedEpisodes,
  pairs: readonly (readonly [number, number])[],
  epsilon: number,
): StochasticComparison {
  const system = stochasticSystem(episodes, { epsilon });
  return {
    epsilon,
    classes: system.classCount,
    pairs: pairs.map(([first, second]) => ({
      observations: [episodes.names[first], episodes.names[second]],
      ...system.compare(first, second),
    })),
  };
}

// The judgement on held-out latents while they are trained: the measures and the verdict of `jepa evaluate`, and for the pair of
// classes that is worst told apart the word of actions after which one can see that they differ.
import { distinguishingWord } from '../../src/bisimulation/index.ts';
import type { Environment } from '../../src/environments/index.ts';
import { rewardBisimulation, type StateClasses } from '../../src/evaluation/class/bisimulation.ts';
import { centroidsOf } from '../../src/measures/centroid.ts';
import { measureDistinctness } from '../../src/measures/distinctness.ts';
import { type LabelledLatents, type Latents, labelLatents } from '../../src/measures/latents.ts';
import { measurePairs } from '../../src/measures/pair-distance.ts';
import type { Answer, Verdict } from '../../src/measures/verdict.ts';

export interface Judgement {
  readonly verdict: Verdict;
  readonly separable: Answer;
  /** Share of the judged observations whose nearest centroid is that of their class. */
  readonly accuracy: number;
  /** The two classes that are worst told apart, and the share of their observations taken for their own. */
  readonly worst: { readonly pair: readonly [number, number]; readonly share: number };
  /** [C, D] */
  readonly centroids: Float64Array;
}

export function labelled(latents: Latents, states: Int32Array, { classOf, count }: StateClasses): LabelledLatents {
  return labelLatents(
    latents,
    states.map((state) => classOf[state]),
    count,
  );
}

export function judge(latents: LabelledLatents, others: LabelledLatents, untrainedMeanDistance: number): Judgement {
  const { decision, centroids, separability } = measureDistinctness({
    latents,
    centroidLatents: others,
    untrainedMeanDistance,
  });
  return {
    verdict: decision.verdict,
    separable: decision.separable,
    accuracy: centroids.accuracy,
    worst: { pair: separability.worstPair, share: separability.share },
    centroids: centroidsOf(others),
  };
}

/** Mean distance of two latents, whatever their classes. */
export function meanDistanceOf(latents: Latents): number {
  return measurePairs(labelLatents(latents, new Int32Array(latents.count), 1)).meanDistance;
}

/** What tells two classes apart: after these actions the rewards differ. */
export interface Witness {
  readonly actions: readonly number[];
  readonly rewards: readonly [number, number];
}

/** Witnesses of every pair of classes of an environment's rewards, by a function of two class numbers. */
export function witnessesOf(
  environment: Environment,
  { classOf }: StateClasses,
): (first: number, second: number) => Witness | undefined {
  const bisimulation = rewardBisimulation(environment);
  return (first, second) => {
    const states = [first, second].map((label) => classOf.indexOf(label));
    const actions = distinguishingWord(bisimulation, states[0], states[1]);
    if (actions === undefined) return undefined;
    const [one, other] = states.map((state) =>
      environment.reward(actions.reduce((at, action) => environment.next(at, action), state)),
    );
    return { actions, rewards: [one, other] };
  };
}

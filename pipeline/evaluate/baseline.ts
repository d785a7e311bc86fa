// The baseline observations of a run: what its encoder is measured on while it trains, and what TensorBoard shows.
import { labelledObservations } from '../../src/data/environment-source.ts';
import type { TransitionSource } from '../../src/data/transition.ts';
import type { Environment } from '../../src/environments/index.ts';
import { classesOf } from '../../src/evaluation/class/state.ts';
import { type Baseline, createBaseline } from '../../src/measures/baseline.ts';

/** As many as the paper measures (Yu et al., arXiv 2509.12249). */
const OBSERVATIONS = 256;
/** At most, where there are so many states that the paper's number would not show each of them twice. */
const MAXIMAL_OBSERVATIONS = 1024;

export interface LabelledBaseline extends Baseline {
  /** [H, W, C] of images, [D] of vectors. */
  readonly observationShape: readonly number[];
  /** Names for the embedding projector, [N] each: the state, and its class where that is another. */
  readonly names: Readonly<Record<string, readonly string[]>>;
}

/** Observations of streams of their own; the classes are those of dynamics and reward, whatever the run is trained with. */
export async function environmentBaseline(environment: Environment, seed: number): Promise<LabelledBaseline> {
  const count = Math.min(MAXIMAL_OBSERVATIONS, Math.max(OBSERVATIONS, 2 * environment.stateCount));
  const classes = await classesOf(environment, 'reward', []);
  const draw = (stream: string) => {
    const { observations, states } = labelledObservations(environment, count, seed, stream);
    return { observations, states, labels: states.map((state) => classes.classOf[state]) };
  };
  const judged = draw('baseline');
  const state = Array.from(judged.states, (each) => environment.stateName(each));
  const className = Array.from(judged.labels, (label) => classes.names[label]);
  const isSame = state.every((name, index) => name === className[index]);
  return {
    ...createBaseline(judged, draw('baseline centroids'), classes.count),
    observationShape: environment.observationShape,
    names: isSame ? { state } : { state, class: className },
  };
}

/** Observations of `source`, which are held out from training. What must be told apart there is the evaluation's question. */
export async function recordingBaseline(source: TransitionSource): Promise<LabelledBaseline> {
  const { observations } = await source.batch(0, OBSERVATIONS, 1);
  return {
    // Time-major: the first half are the observations before the actions.
    observations: observations.subarray(0, observations.length / 2),
    observationShape: source.observationShape,
    names: { observation: Array.from({ length: OBSERVATIONS }, (_, index) => String(index)) },
  };
}

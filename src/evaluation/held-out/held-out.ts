// The observations and transitions that an evaluation draws, and the contract of whatever yields them: an environment, in
// streams of their own, or a recording, out of its held-out episodes. None of them was trained on.
import { environmentSource, labelledObservations } from '../../data/environment-source.ts';
import type { LabelledObservations, TransitionBatch } from '../../data/transition.ts';
import type { Environment } from '../../environments/environment.ts';
import type { Observations } from '../../run/encode.ts';
import type { RecordedWords } from './recording-draw.ts';

/** At most, of the residuals: their standard error is then a few per cent of them. */
const MAXIMAL_TRANSITIONS = 1024;

export interface HeldOut {
  readonly judged: LabelledObservations;
  /** Others again, of which the centroids are. */
  readonly centroids: LabelledObservations;
  readonly transitions: {
    /** [N, ...observationShape] each */
    readonly observations: Observations;
    readonly nextObservations: Observations;
    /** [N, A] */
    readonly actions: Float32Array;
    /** [N] states of `observations`; empty where a recording names none. */
    readonly states: Int32Array;
    /** [N, M]: recorded values of the column auxiliaries side by side, in their order. */
    readonly recorded?: Float32Array;
  };
  /** Words of recorded actions that witnesses may follow; M is that of the column auxiliaries. Absent of environments. */
  readonly words?: RecordedWords | undefined;
}

/** What an evaluation is of: an environment or a recording. */
export interface EvaluationSource {
  readonly name: string;
  /** What evaluation.json says of it: its options, or where it came from. */
  readonly description: Readonly<Record<string, unknown>>;
  /** [H, W, C] of images, [D] of vectors, [H W C + D] where both are packed. */
  readonly observationShape: readonly number[];
  /** True where nothing was held out, since what was recorded is not there: random observations in its range. */
  readonly isRandom?: boolean;
  /** At most `count` judged observations, as many for the centroids, and transitions; the same for the same seed. */
  draw(count: number, seed: number): HeldOut | Promise<HeldOut>;
}

export function environmentEvaluationSource(environment: Environment): EvaluationSource {
  const { name, options, observationShape } = environment;
  return {
    name,
    description: options,
    observationShape,
    draw: (count, seed) => drawHeldOut(environment, count, seed),
  };
}

function drawHeldOut(environment: Environment, count: number, seed: number): HeldOut {
  const source = environmentSource(environment, {
    seed,
    stream: 'evaluation transitions',
    auxiliary: { size: 0, table: new Float32Array(0) },
  });
  return {
    judged: labelledObservations(environment, count, seed, 'evaluation'),
    centroids: labelledObservations(environment, count, seed, 'evaluation centroids'),
    transitions: splitBatch(source.batch(0, Math.min(count, MAXIMAL_TRANSITIONS), 1) as TransitionBatch),
  };
}

/** A batch of single transitions as an evaluation takes them. */
export function splitBatch({ observations, actions, states, size }: TransitionBatch): HeldOut['transitions'] {
  const half = observations.length / 2;
  return {
    observations: observations.subarray(0, half),
    nextObservations: observations.subarray(half),
    actions,
    states: states?.subarray(0, size) ?? new Int32Array(0),
  };
}

// Witnesses as part of an evaluation: the nearest pair of observations of every two classes that the run's own auxiliaries
// keep apart, each traced and bounded. So what breaks (Yu et al., arXiv 2509.12249, theorem 1) and its
// quantitative form are checked on every evaluation: where latents are near and the auxiliary differs, a loss must be broken.
import type { Auxiliary } from '../../auxiliary/index.ts';
import { auxiliarySizeOf, sliceAuxiliaries } from '../../auxiliary/index.ts';
import type { ObservationsWithStates } from '../../auxiliary/value-of-observation.ts';
import type { Environment } from '../../environments/environment.ts';
import { UsageError } from '../../error.ts';
import type { Observations } from '../../run/encode.ts';
import type { EvaluationSubject } from '../../run/subject.ts';
import type { WorldSession } from '../../run/world-session.ts';
import { tableTargets } from '../auxiliary-residual.ts';
import type { RecordedWords } from '../held-out/recording-draw.ts';
import {
  type BoundedDistance,
  type BoundedNetworks,
  boundByMeasurement,
  inUnitsOfAuxiliary,
  type WeightBounds,
  weightBounds,
} from './bound.ts';
import type { Witness, WitnessReport } from './nearest.ts';
import { findRecordedWitnesses } from './recorded.ts';
import { loadBoundedNetworks } from './saved-network.ts';
import { findWitnesses } from './search.ts';
import type { LatentWorld } from './witness.ts';

/** Observations among which the nearest pairs are looked for: some of each state, the rest does not pay for its time. */
const CANDIDATES = 540;
const CANDIDATES_OF_A_STATE = 2;
/** Pairs of classes that are traced and bounded: all of nine classes. */
const CHECKED_PAIRS = 36;
/** Pairs whose local Lipschitz constants are measured: these cost 2 D calls of the networks at nine points of every step. */
const MEASURED_PAIRS = 6;

export interface BoundedWitness extends Witness {
  readonly bounds: readonly BoundedDistance[];
}

/** Where nothing is promised, or nothing can be followed, there are none, and a reason. */
export type WitnessEvaluation = NoWitnesses | FoundWitnesses;

export interface NoWitnesses {
  readonly isFound: false;
  /** A sentence without its capital and its full stop. */
  readonly reason: string;
}

export interface FoundWitnesses {
  readonly isFound: true;
  /** The runtime whose latents they are of. */
  readonly runtime: string;
  /** recorded: words that were recorded from two observations are followed; drawn: those that tell their states apart. */
  readonly words: 'drawn' | 'recorded';
  /** Of the largest bisimulation of the run's own auxiliaries; of recorded words, episodes. */
  readonly classCount: number;
  readonly candidates: number;
  /** Mean distance of two candidates. */
  readonly meanDistance: number;
  /** Why no upper bounds from the weights are among the bounds; null where they are. */
  readonly missingWeights: string | null;
  /** The nearest first, at most one for each pair of classes, or of episodes. The first ones have measured bounds too. */
  readonly witnesses: readonly BoundedWitness[];
}

/** What is evaluated. */
export interface WitnessSubject {
  readonly subject: EvaluationSubject;
  /** Absent where the observations are recorded. */
  readonly environment?: Environment;
  /** What was recorded, in its place. */
  readonly words?: RecordedWords | undefined;
  readonly auxiliaries: readonly Auxiliary[];
}

export interface WitnessEvaluationContext {
  /** Of the runtime named here. */
  readonly session: WorldSession;
  readonly runtime: string;
  /** [N, M]: an auxiliary of the pixels, by its own network. */
  readonly pixelAuxiliary: (auxiliary: Auxiliary, observations: Observations) => Promise<Float32Array>;
  readonly seed: number;
}

export async function evaluateWitnesses(
  { subject, environment, words, auxiliaries }: WitnessSubject,
  context: WitnessEvaluationContext,
): Promise<WitnessEvaluation> {
  const { session, runtime, seed } = context;
  const reason = reasonAgainst({ subject, auxiliaries }, session);
  if (reason !== undefined) return { isFound: false, reason };
  const world = worldOf(session);
  let found: { readonly report: WitnessReport; readonly candidates: number };
  if (environment !== undefined) {
    const candidates = Math.max(CANDIDATES, CANDIDATES_OF_A_STATE * environment.stateCount);
    const report = await findWitnesses(world, environment, auxiliaries, {
      count: CHECKED_PAIRS,
      candidates,
      seed,
      auxiliaryOf: (observations) => auxiliaryOf(auxiliaries, observations, context.pixelAuxiliary),
    });
    found = { report, candidates };
  } else if (words !== undefined) {
    const { pixelAuxiliary } = context;
    const report = await findRecordedWitnesses(world, words, { auxiliaries, count: CHECKED_PAIRS, pixelAuxiliary });
    found = { report, candidates: words.count };
  } else return { isFound: false, reason: 'no held-out episode has an action that could be followed' };
  const { classCount, meanDistance, witnesses } = found.report;
  if (witnesses.length === 0)
    return {
      isFound: false,
      reason:
        environment === undefined
          ? 'no two of the recorded words that were looked at have the same actions and another auxiliary'
          : 'the auxiliary never differs, so that no observations must be told apart',
    };
  const networks = await loadBoundedNetworks(subject);
  try {
    const ofWeights = networks ? boundsOf(networks, auxiliaries) : noNetworks;
    const inUnits = inUnitsOfAuxiliary(world, auxiliaries);
    const bounded: BoundedWitness[] = [];
    for (const witness of witnesses) {
      const { trace, path } = witness;
      const bounds = ofWeights.isKnown ? ofWeights.bounds.boundsOf(trace, path.actions) : [];
      if (bounded.length < MEASURED_PAIRS) bounds.push(await boundByMeasurement(trace, path.actions, inUnits));
      bounded.push({ ...witness, bounds });
    }
    return {
      isFound: true,
      runtime,
      words: environment === undefined ? 'recorded' : 'drawn',
      classCount,
      candidates: found.candidates,
      meanDistance,
      missingWeights: ofWeights.isKnown ? null : ofWeights.reason,
      witnesses: bounded,
    };
  } finally {
    networks?.predictor.dispose();
    networks?.auxiliary.dispose();
  }
}

/** Why there can be no witnesses; undefined where there can. */
function reasonAgainst(
  { auxiliaries, subject }: Pick<WitnessSubject, 'auxiliaries' | 'subject'>,
  session: WorldSession,
): string | undefined {
  if (auxiliarySizeOf(auxiliaries) === 0 || session.auxiliary === undefined)
    return 'there is no auxiliary function, so that no word of actions tells two observations apart: a constant encoder has zero loss';
  if (subject.configuration.objective.auxiliary === 0)
    return 'the auxiliary loss has the weight 0, so that nothing is promised: a constant encoder has zero loss';
  return undefined;
}

function worldOf({ encode, predict, auxiliary }: WorldSession): LatentWorld {
  return {
    encode,
    predict,
    auxiliary: async (latents) => {
      if (auxiliary !== undefined) return auxiliary(latents);
      throw new UsageError('witnesses: expected an auxiliary head, got none');
    },
  };
}

type KnownBounds =
  | { readonly isKnown: true; readonly bounds: WeightBounds }
  | { readonly isKnown: false; readonly reason: string };

const noNetworks: KnownBounds = {
  isKnown: false,
  reason: 'the weights are not at hand as tfjs models: this is an export by itself, or a run that was not finished',
};

function boundsOf(networks: BoundedNetworks, auxiliaries: readonly Auxiliary[]): KnownBounds {
  try {
    return { isKnown: true, bounds: weightBounds(networks, auxiliaries) };
  } catch (error) {
    // A layer whose Lipschitz constant is not known: the measured bounds remain.
    if (error instanceof UsageError) return { isKnown: false, reason: error.message };
    throw error;
  }
}

/** [N, sum of all M] */
async function auxiliaryOf(
  auxiliaries: readonly Auxiliary[],
  { observations, states }: ObservationsWithStates,
  pixelAuxiliary: WitnessEvaluationContext['pixelAuxiliary'],
): Promise<Float32Array> {
  const width = auxiliarySizeOf(auxiliaries);
  const all = new Float32Array(states.length * width);
  for (const { auxiliary, start } of sliceAuxiliaries(auxiliaries)) {
    const { size } = auxiliary;
    const values =
      auxiliary.of === 'state'
        ? tableTargets(auxiliary.table, size, states)
        : await pixelAuxiliary(auxiliary, observations);
    for (let n = 0; n < states.length; n++) all.set(values.subarray(n * size, (n + 1) * size), n * width + start);
  }
  return all;
}

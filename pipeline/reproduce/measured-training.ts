// One training whose held-out latents are measured on the way, for claims that speak of steps as well as of ends. It keeps no
// folder: what a claim is judged by is numbers.
import { labelledObservations } from '../../src/data/environment-source.ts';
import type { LabelledObservations } from '../../src/data/transition.ts';
import type { Environment } from '../../src/environments/index.ts';
import { rewardClasses } from '../../src/evaluation/class/bisimulation.ts';
import { type ProbeTarget, sweepProbe } from '../../src/evaluation/readout/probe.ts';
import { ridgePredictions } from '../../src/evaluation/readout/ridge-probe.ts';
import { chanceOf, readImages, readoutTargets, selectLatents } from '../../src/evaluation/readout/target.ts';
import { centroidsOf, measureCentroids } from '../../src/measures/centroid.ts';
import { measureGrouping } from '../../src/measures/grouping.ts';
import { createLatents, type LabelledLatents, type Latents, labelLatents } from '../../src/measures/latents.ts';
import { measureOrganisation } from '../../src/measures/organisation.ts';
import { meanDistancesOf, measurePairs } from '../../src/measures/pair-distance.ts';
import type { ClaimMeasure, readoutPrefixes } from '../../src/report/reproduction/claim/claims-file.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import { networksOfConfiguration } from '../network/environment.ts';
import { withCourse } from './course.ts';
import { encodeHeldOut } from './held-out.ts';

export interface MeasuredTrainingOptions {
  /** After which the latents are measured, rising; the last is the last step of the training. */
  readonly steps: readonly number[];
  /** Judged observations, and as many others for the centroids. */
  readonly observations: number;
  /** States of each group; absent: no groups are measured. */
  readonly groups?: readonly (readonly number[])[] | undefined;
  /** Called before every step: throws what ends the training. */
  readonly onStep?: (step: number) => void;
}

export type ClaimMeasures = { [measure in ClaimMeasure]?: number };

export interface MeasuredTraining {
  /** By step. */
  readonly at: ReadonlyMap<number, ClaimMeasures>;
  /** The step whose loss was not finite: nothing was measured from there on. */
  readonly divergedAt?: number;
}

/** Of the latent scale: hides what sits in the last hundredth of the variance. */
const PROBE_NOISE = 0.1;
const REFERENCE_RUNTIME = 'cpu';

/** Native TensorFlow must be loaded. The training is that of `trainRun` with the same configuration. */
export function trainMeasured(
  configuration: Configuration,
  { steps, observations, groups, onStep }: MeasuredTrainingOptions,
): Promise<MeasuredTraining> {
  return withCourse(configuration, onStep, async ({ parts: { environment }, training, advance }) => {
    const { seed } = configuration;
    const heldOut = drawHeldOut(environment, seed, observations);
    const label = (latents: Latents, { states }: LabelledObservations): LabelledLatents =>
      labelLatents(latents, states, environment.stateCount);
    const encode = (part: LabelledObservations) =>
      label(createLatents(training.encode(part.observations), training.latentSize), part);
    const before = await encodeUntrained(configuration, heldOut);
    const untrainedDistance = measurePairs(label(before.judged, heldOut.judged)).meanDistance;
    const untrainedPosition = await positionOf(heldOut, before, seed);
    const untrainedReadouts = await readoutsOf('untrainedReadout/', environment, heldOut, before, seed);
    const at = new Map<number, ClaimMeasures>();
    const last = steps[steps.length - 1];
    for (const step of steps) {
      const divergedAt = await advance(step);
      if (divergedAt !== undefined) return { at, divergedAt };
      const latents = { judged: encode(heldOut.judged), others: encode(heldOut.others) };
      at.set(step, {
        ...measureCourse(latents, groups),
        ...(await readoutsOf('readout/', environment, heldOut, latents, seed)),
        ...(step === last
          ? {
              ...measureEnd(latents, untrainedDistance, seed),
              position: await positionOf(heldOut, latents, seed),
              untrainedPosition,
              ...untrainedReadouts,
            }
          : {}),
      });
    }
    return { at };
  });
}

interface HeldOut {
  readonly judged: LabelledObservations;
  readonly others: LabelledObservations;
  /** Where the objects of each image are; absent where the environment has no such nuisance. */
  readonly position?: { readonly judged: Readings; readonly others: Readings };
}

interface Readings {
  readonly rows: Int32Array;
  readonly target: ProbeTarget;
}

interface Pair {
  readonly judged: LabelledLatents;
  readonly others: LabelledLatents;
}

/** Of streams that nothing else draws from. */
function drawHeldOut(environment: Environment, seed: number, count: number): HeldOut {
  const judged = labelledObservations(environment, count, seed, 'claims judged');
  const others = labelledObservations(environment, count, seed, 'claims centroids');
  const nuisance = environment.nuisances?.find(({ name }) => name === 'position');
  if (nuisance === undefined) return { judged, others };
  const read = ({ observations }: LabelledObservations): Readings => {
    if (!(observations instanceof Uint8Array)) throw new Error('claims: expected images of an environment');
    const shown = readImages(nuisance, observations, environment.observationShape);
    const rows = shown.flatMap((reading, row) => (reading === undefined ? [] : [row]));
    const values = Float64Array.from(shown.flatMap((reading) => reading ?? []));
    return { rows: Int32Array.from(rows), target: { kind: 'values', values, size: nuisance.names.length } };
  };
  return { judged, others, position: { judged: read(judged), others: read(others) } };
}

/**
 * By the encoder as it was before training, as evaluations compare with it: batch norms with the statistics of observations, since
 * without any its latents would have a scale that they never have in training.
 */
async function encodeUntrained(
  configuration: Configuration,
  heldOut: HeldOut,
): Promise<{ readonly judged: Latents; readonly others: Latents }> {
  const { untrainedEncoder, environment } = await networksOfConfiguration(configuration, REFERENCE_RUNTIME);
  const runtime = await openRuntime(REFERENCE_RUNTIME, { threads: configuration.threads });
  try {
    return await encodeHeldOut(runtime, untrainedEncoder, heldOut, environment.observationShape);
  } finally {
    await runtime.dispose();
  }
}

/** R^2 of a linear probe for the position, under noise; NaN where the environment has none. */
async function positionOf(
  { position }: HeldOut,
  { judged, others }: { readonly judged: Latents; readonly others: Latents },
  seed: number,
): Promise<number> {
  if (position === undefined) return Number.NaN;
  const [{ score }] = await sweepProbe(
    {
      train: selectLatents(others, position.others.rows),
      trainTarget: position.others.target,
      test: selectLatents(judged, position.judged.rows),
      testTarget: position.judged.target,
      seed,
    },
    ridgePredictions,
    [PROBE_NOISE],
  );
  return score;
}

/**
 * Of the classes of dynamics and reward, each factor of the state, and what images show beside it: a linear probe's score over chance, under noise. None where
 * the environment's state has no parts.
 */
async function readoutsOf(
  prefix: (typeof readoutPrefixes)[number],
  environment: Environment,
  { judged, others }: HeldOut,
  latents: { readonly judged: Latents; readonly others: Latents },
  seed: number,
): Promise<ClaimMeasures> {
  const measures: ClaimMeasures = {};
  if (environment.factors === undefined) return measures;
  const part = (observations: LabelledObservations, encoded: Latents) => ({
    ...observations,
    latents: { trained: encoded, untrained: encoded },
  });
  const targets = readoutTargets(
    {
      train: part(others, latents.others),
      test: part(judged, latents.judged),
      observationShape: environment.observationShape,
    },
    rewardClasses(environment),
    environment,
  );
  for (const { name, train, test } of targets) {
    const [{ score }] = await sweepProbe(
      {
        train: selectLatents(latents.others, train.rows),
        trainTarget: train.target,
        test: selectLatents(latents.judged, test.rows),
        testTarget: test.target,
        seed,
      },
      ridgePredictions,
      [PROBE_NOISE],
    );
    const chance = chanceOf(test);
    measures[`${prefix}${name}`] = (score - chance) / (1 - chance);
  }
  return measures;
}

function measureCourse({ judged, others }: Pair, groups: MeasuredTrainingOptions['groups']): ClaimMeasures {
  const centroids = centroidsOf(others);
  const { accuracy, centroidGapRatio } = measureCentroids(judged, centroids);
  if (groups === undefined) return { accuracy, centroidGapRatio };
  const { withinOverBetween, adjustedRandIndex } = measureGrouping(centroids, judged.size, groups);
  return { accuracy, centroidGapRatio, groupRatio: withinOverBetween, groupAgreement: adjustedRandIndex };
}

function measureEnd(latents: Pair, untrainedMeanDistance: number, seed: number): ClaimMeasures {
  const { judged } = latents;
  const pairs = measurePairs(judged);
  const { within, between } = meanDistancesOf(pairs, judged);
  return {
    withinOverBetween: within / between,
    relativeSpread: pairs.meanDistance / untrainedMeanDistance,
    organisation: measureOrganisation({ latents: judged, others: latents.others, seed }).ratio,
  };
}

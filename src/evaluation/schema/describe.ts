// From an evaluation to its record.
import { basename } from 'node:path';
import type { ClassPair } from '../../measures/class-gap.ts';
import type { Distinctness } from '../../measures/distinctness.ts';
import type { Interval } from '../../measures/interval.ts';
import { classCounts, type Metric } from '../../measures/latents.ts';
import { meanDistancesOf } from '../../measures/pair-distance.ts';
import { spectrumSlope } from '../../measures/spectrum/spectrum-slope.ts';
import { verdictThresholds } from '../../measures/verdict.ts';
import type { EncoderPort, PackedPort } from '../../run/input.ts';
import type { Evaluation } from '../evaluate.ts';
import type { ForeignEvaluation } from '../foreign-encoder.ts';
import type { LatentsEvaluation } from '../foreign-latents.ts';
import type { EvaluationSource, HeldOut } from '../held-out/held-out.ts';
import type { EncoderEvaluation } from '../runtime-measurement.ts';
import { recordEncoderWitnesses } from './encoder-witness.ts';
import {
  type EncoderEvaluationRecord,
  type EncoderRuntimeRecord,
  EVALUATION_FORMAT,
  type EvaluationRecord,
} from './evaluation.ts';
import { recordEncoderRank, recordWitnesses } from './inspection.ts';
import { judgedRecord, outcomesRecord } from './outcome.ts';

export function recordOf(evaluation: Evaluation): EvaluationRecord {
  const { input, heldOut, runtimes, untrainedMeanDistance } = evaluation;
  const { subject, auxiliaries, classes } = input;
  const { dynamics, auxiliary } = subject.configuration.objective;
  return {
    format: EVALUATION_FORMAT,
    run: subject.name,
    step: subject.step ?? null,
    auxiliaries: auxiliaries.map((each) => each.name),
    objective: { dynamics, auxiliary },
    ...drawnRecord({ ...evaluation, ...input, seed: evaluation.options.seed, metric: evaluation.options.metric }),
    transitions: transitionCount(heldOut),
    untrainedMeanDistance,
    runtimes: runtimes.map((runtime) => ({
      ...encoderRuntimeRecord(runtime, classes.names, untrainedMeanDistance),
      dynamicsResidual: runtime.dynamicsResidual,
      relativeDynamicsResidual: finite(runtime.relativeDynamicsResidual),
      auxiliaryResiduals: runtime.auxiliaryResiduals.map((residual) => ({ ...residual })),
    })),
    witnesses: recordWitnesses(evaluation.inspection.witnesses),
    encoderJacobianRank: recordEncoderRank(evaluation.inspection.encoderRank),
  };
}

/** @param file its hash, and what it computes in: a runtime runs an 8-bit file in 8 bits, whatever it runs others in */
export function encoderRecordOf(
  evaluation: ForeignEvaluation,
  { sha256, precision }: { readonly sha256: string; readonly precision: 'float32' | 'float16' | 'int8' },
): EncoderEvaluationRecord {
  const { input, untrainedMeanDistance, runtimes } = evaluation;
  const { path, untrained } = input.encoder;
  const { parts, constants, latent } = input.encoder.input;
  return {
    format: EVALUATION_FORMAT,
    encoder: {
      file: basename(path),
      sha256,
      input: portRecordOf(parts?.[0] ?? input.encoder.input),
      ...(parts === undefined ? {} : { furtherInputs: parts.slice(1).map(portRecordOf) }),
      ...(constants === undefined
        ? {}
        : { constants: constants.map(({ name, values }) => ({ name, values: [...values] })) }),
      ...(latent === undefined ? {} : { output: { ...latent } }),
      ...(untrained === undefined ? {} : { untrained: basename(untrained) }),
    },
    ...drawnRecord({ ...evaluation, ...input, seed: evaluation.options.seed, metric: evaluation.options.metric }),
    untrainedMeanDistance: untrainedMeanDistance ?? null,
    runtimes: runtimes.map((runtime) => ({
      ...encoderRuntimeRecord(runtime, input.classes.names, untrainedMeanDistance),
      ...(precision === 'float32' ? {} : { precision }),
    })),
    encoderJacobianRank: recordEncoderRank(evaluation.encoderRank),
    ...(evaluation.witnesses === undefined ? {} : { witnesses: recordEncoderWitnesses(evaluation.witnesses) }),
  };
}

/** @param elsewhere where the latents came from: the encoder was never seen */
export function latentsRecordOf(
  evaluation: LatentsEvaluation,
  { file, sha256, output, elsewhere, untrained }: Omit<EncoderEvaluationRecord['encoder'], 'input'>,
): EncoderEvaluationRecord {
  const { untrainedMeanDistance, runtimes, classes } = evaluation;
  return {
    format: EVALUATION_FORMAT,
    encoder: {
      file,
      sha256,
      ...(output === undefined ? {} : { output }),
      ...(untrained === undefined ? {} : { untrained }),
      elsewhere,
    },
    ...drawnRecord(evaluation),
    untrainedMeanDistance: untrainedMeanDistance ?? null,
    runtimes: runtimes.map((runtime) => encoderRuntimeRecord(runtime, classes.names, untrainedMeanDistance)),
    encoderJacobianRank: null,
    witnesses: { none: 'the latents were computed elsewhere, and what follows an observation is not encoded here' },
  };
}

function portRecordOf({
  name,
  layout,
  type,
  frames,
  columns,
  normalization,
}: EncoderPort & Pick<PackedPort, 'columns'>): NonNullable<EncoderEvaluationRecord['encoder']['input']> {
  return {
    name,
    layout,
    type,
    ...(frames === undefined ? {} : { frames }),
    ...(columns === undefined ? {} : { columns: [...columns] }),
    ...(normalization
      ? { normalization: { mean: [...normalization.mean], deviation: [...normalization.deviation] } }
      : {}),
  };
}

/** What was drawn, and what the runtimes are compared with. */
function drawnRecord({
  source,
  classes,
  heldOut: { judged, centroids },
  reference,
  seed,
  metric = 'euclidean',
}: Pick<Evaluation['input'], 'classes'> &
  Pick<Evaluation, 'reference'> & {
    readonly source: Pick<EvaluationSource, 'name' | 'description'>;
    readonly heldOut: {
      readonly judged: HeldOut['judged'] | LatentsEvaluation['heldOut']['judged'];
      readonly centroids: Pick<HeldOut['judged'], 'states'>;
    };
    readonly seed: number;
    readonly metric?: Metric | undefined;
  }) {
  const labels = judged.states.map((state) => classes.classOf[state]);
  return {
    environment: { name: source.name, ...source.description },
    seed,
    metric,
    observations: judged.states.length,
    centroidObservations: centroids.states.length,
    classes: {
      of: classes.of,
      names: [...classes.names],
      counts: Array.from(classCounts(labels, classes.count)),
      ...(classes.claim ? { claim: classes.claim } : {}),
    },
    judged: judgedRecord(judged, labels),
    reference: { runtime: reference.runtime, provider: reference.provider, version: reference.version },
  };
}

function encoderRuntimeRecord(
  runtime: EncoderEvaluation,
  names: readonly string[],
  untrainedMeanDistance: number | undefined,
): EncoderRuntimeRecord {
  const { description, distinctness, error, certificate } = runtime;
  const { centroids, gaps, spectrum, evidence, decision } = distinctness;
  const apart = meanDistancesOf(distinctness.pairs, runtime.latents);
  const named = ([a, b]: ClassPair): [string, string] => [names[a], names[b]];
  return {
    runtime: description.runtime,
    provider: description.provider,
    version: description.version,
    threads: description.threads,
    precision: description.precision,
    nodesByProvider: runtime.nodesByProvider ? { ...runtime.nodesByProvider } : null,
    ...(runtime.encodeMs === undefined ? {} : { encodeMs: runtime.encodeMs }),
    nearestCentroidAccuracy: centroids.accuracy,
    smallestRecall: evidence.smallestRecall,
    smallestRecallClass: names[centroids.recall.indexOf(evidence.smallestRecall)],
    nearestNeighbourAccuracy: distinctness.nearestNeighbourAccuracy,
    gapRatio: finite(gaps.gapRatio),
    gapRatioPair: named(gaps.worstPair),
    centroidGapRatio: finite(centroids.centroidGapRatio),
    centroidGapRatioPair: named(centroids.worstPair),
    smallestGap: gaps.smallestGap,
    silhouette: distinctness.silhouette,
    meanDistance: evidence.meanDistance,
    meanDistanceWithin: finite(apart.within),
    meanDistanceBetween: apart.between,
    relativeSpread: untrainedMeanDistance === undefined ? null : finite(evidence.meanDistance / untrainedMeanDistance),
    latentStd: evidence.latentStd,
    standardDeviations: Array.from(distinctness.standardDeviations),
    rankMe: spectrum.rankMe,
    rankMeCentred: spectrum.rankMeCentred,
    alphaReQ: spectrumSlope(spectrum.centredSingularValues) ?? null,
    lidar: distinctness.lidar,
    effectiveRank: spectrum.effectiveRank,
    effectiveRankUncentred: spectrum.effectiveRankUncentred,
    participationRatio: spectrum.participationRatio,
    spectrumSample: spectrum.sample ? { ...spectrum.sample } : null,
    intrinsicDimension: finite(distinctness.intrinsicDimension),
    maxLatentError: error.maxDistance,
    maxAbsoluteError: error.maxAbsolute,
    relativeLatentError: error.relative,
    verdict: decision.verdict,
    ...answersOf(distinctness, named),
    reasons: decision.reasons.map(({ value, interval, ...reason }) => ({
      ...reason,
      value: finite(value),
      ...(interval ? { interval: openInterval(interval) } : {}),
    })),
    decidingGap: certificate.decidingGap,
    verdictHolds: certificate.verdictHolds,
    certifiedAccuracy: certificate.certifiedAccuracy,
    pairsAtRisk: certificate.pairsAtRisk.map(({ classes, observations }) => ({
      classes: named(classes),
      observations,
    })),
    outcomes: outcomesRecord(distinctness, names.length),
  };
}

/** The two answers, with the numbers that decide them. */
function answersOf(
  { separability, organisation, sharedLatents, decision, pairs }: Distinctness,
  named: (pair: ClassPair) => [string, string],
): Pick<EncoderRuntimeRecord, 'separable' | 'clustered' | 'sharedLatents'> {
  const { share, rule, byNeighbours, byProbe, interval, observations, worstPair, factorToDecide } = separability;
  return {
    separable: {
      answer: decision.separable,
      share,
      interval: openInterval(interval),
      threshold: verdictThresholds.separation,
      pair: named(worstPair),
      rule,
      byNeighbours,
      byProbe,
      observations,
      moreObservations: finite(Math.ceil((factorToDecide - 1) * observations)),
    },
    clustered: {
      answer: decision.clustered,
      ratio: finite(organisation.ratio),
      interval: openInterval(organisation.interval),
      threshold: verdictThresholds.clusterRatio,
      pair: named(organisation.worstPair),
      // All judged observations are projected.
      moreObservations: finite(Math.ceil((organisation.factorToDecide - 1) * pairs.nearest.length)),
    },
    sharedLatents,
  };
}

function openInterval([low, high]: Interval): [number, number | null] {
  return [Number.isFinite(low) ? low : Number.MAX_VALUE, finite(high)];
}

function transitionCount({ judged, transitions }: Evaluation['heldOut']): number {
  return transitions.observations.length / (judged.observations.length / judged.states.length);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

// From an evaluation to its record.
import type { ClassPair } from './class-gap.ts';
import type { Evaluation, RuntimeEvaluation } from './evaluate.ts';
import { recordEncoderRank, recordWitnesses } from './inspection-record.ts';
import { classCounts } from './latents.ts';
import { meanDistancesOf } from './pair-distance.ts';
import { EVALUATION_FORMAT, type EvaluationRecord, type RuntimeRecord } from './record.ts';

export function recordOf(evaluation: Evaluation): EvaluationRecord {
  const { input, options, heldOut, reference, runtimes, untrainedMeanDistance } = evaluation;
  const { subject, source, auxiliaries, classes } = input;
  const { dynamics, auxiliary } = subject.configuration.objective;
  const labels = heldOut.judged.states.map((state) => classes.classOf[state]);
  return {
    format: EVALUATION_FORMAT,
    run: subject.name,
    step: subject.step ?? null,
    environment: { name: source.name, ...source.description },
    auxiliaries: auxiliaries.map((each) => each.name),
    objective: { dynamics, auxiliary },
    seed: options.seed,
    observations: heldOut.judged.states.length,
    centroidObservations: heldOut.centroids.states.length,
    transitions: transitionCount(heldOut),
    classes: {
      of: classes.of,
      names: [...classes.names],
      counts: Array.from(classCounts(labels, classes.count)),
      ...(classes.claim ? { claim: classes.claim } : {}),
    },
    untrainedMeanDistance,
    reference: { runtime: reference.runtime, provider: reference.provider, version: reference.version },
    runtimes: runtimes.map((runtime) => runtimeRecordOf(runtime, classes.names, untrainedMeanDistance)),
    witnesses: recordWitnesses(evaluation.inspection.witnesses),
    encoderJacobianRank: recordEncoderRank(evaluation.inspection.encoderRank),
  };
}

function runtimeRecordOf(
  runtime: RuntimeEvaluation,
  names: readonly string[],
  untrainedMeanDistance: number,
): RuntimeRecord {
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
    encodeMs: runtime.encodeMs,
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
    relativeSpread: finite(evidence.meanDistance / untrainedMeanDistance),
    latentStd: evidence.latentStd,
    standardDeviations: Array.from(distinctness.standardDeviations),
    rankMe: spectrum.rankMe,
    effectiveRank: spectrum.effectiveRank,
    effectiveRankUncentred: spectrum.effectiveRankUncentred,
    participationRatio: spectrum.participationRatio,
    intrinsicDimension: finite(distinctness.intrinsicDimension),
    dynamicsResidual: runtime.dynamicsResidual,
    relativeDynamicsResidual: finite(runtime.relativeDynamicsResidual),
    auxiliaryResiduals: runtime.auxiliaryResiduals.map((residual) => ({ ...residual })),
    maxLatentError: error.maxDistance,
    maxAbsoluteError: error.maxAbsolute,
    relativeLatentError: error.relative,
    verdict: decision.verdict,
    reasons: decision.reasons.map(({ value, ...reason }) => ({ ...reason, value: finite(value) })),
    decidingGap: certificate.decidingGap,
    verdictHolds: certificate.verdictHolds,
    pairsAtRisk: certificate.pairsAtRisk.map(({ classes, observations }) => ({
      classes: named(classes),
      observations,
    })),
  };
}

function transitionCount({ judged, transitions }: Evaluation['heldOut']): number {
  return transitions.observations.length / (judged.observations.length / judged.states.length);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

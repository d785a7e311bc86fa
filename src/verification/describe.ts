// From a verification to its record.
import { describeMachine } from '../machine/machine.ts';
import { tolerancesOf } from './compare.ts';
import { type Bisection, VERIFICATION_FORMAT, type VerificationRecord } from './schema.ts';
import { isAcceptable, type Verification } from './verify.ts';

export function verificationRecordOf(verification: Verification, bisection?: Bisection): VerificationRecord {
  const { input, options, heldOut, reference, rows } = verification;
  const { subject, source, classes, recorded, runners } = input;
  const { certificate, predictor } = tolerancesOf(reference);
  const machine = describeMachine();
  return {
    format: VERIFICATION_FORMAT,
    run: subject.name,
    step: subject.step ?? null,
    holds: rows.every((row, index) => isAcceptable(row, runners[index])),
    machine: {
      processor: `${machine.processor}, ${machine.threads} threads`,
      system: `${machine.system} ${machine.architecture}`,
      node: machine.node.version,
    },
    seed: options.seed,
    observedFrom: source.isRandom ? 'random' : subject.recording ? 'recording' : 'environment',
    observations: heldOut.judged.states.length,
    centroidObservations: heldOut.centroids.states.length,
    recordedObservations: recorded?.count ?? 0,
    classes: { of: classes.of, names: [...classes.names] },
    reference: {
      runtime: reference.runtime.runtime,
      provider: reference.runtime.provider,
      version: reference.runtime.version,
      verdict: reference.distinctness.decision.verdict,
    },
    tolerances: {
      latent: certificate.tolerance,
      decidingGap: certificate.decidingGap,
      predictor: [predictor[0], predictor[1]],
    },
    runtimes: [...rows],
    ...(bisection ? { bisection } : {}),
  };
}

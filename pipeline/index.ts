// What the product does to a run or a model, as functions: train, resume, export, evaluate, certify, verify, plan, convert. Each
// takes typed options, reports progress through a callback, returns the record that `--json` prints, and never prints or exits.
// What takes long takes an AbortSignal; `loadRun` and the `build...Parts` read or build in a moment, and `trainDecoder` is one
// synchronous loop: they take none.

export type { ClassSource } from '../src/evaluation/class/bisimulation.ts';
export type { RecordingClassSource } from '../src/evaluation/class/recording.ts';
export type { EncoderEvaluationRecord, EvaluationRecord } from '../src/evaluation/schema/evaluation.ts';
export type { ProofRecord } from '../src/evaluation/schema/proof.ts';
export { createPlanner } from '../src/planning/index.ts';
export type { PlanRecord } from '../src/planning/schema.ts';
export type { PixelNormalization } from '../src/run/encode.ts';
export type { TrainingOutcome } from '../src/training/trainer.ts';
export type { VerificationRecord } from '../src/verification/schema.ts';
export { type ConversionReport, type ConvertOptions, convertModel } from './convert/model.ts';
export { brokenHypothesis } from './encoder/certification.ts';
export { type CertifyEncoderOptions, certifyEncoder } from './encoder/certify.ts';
export { type EvaluateEncoderOptions, encoderReportPath, evaluateEncoder } from './encoder/evaluate.ts';
export type { EvaluateOptions, EvaluateRunOptions } from './evaluate/option.ts';
export { evaluateRun } from './evaluate/run.ts';
export { type ExportedNetwork, type ExportedRun, type ExportRunOptions, exportRun } from './export/run.ts';
export type { ExportedTrainingFile, ExportedTrainingStep } from './export/training-step.ts';
export { type LoadedRun, loadRun } from './load.ts';
export {
  buildEnvironmentParts,
  buildRunParts,
  disposeRunParts,
  type EnvironmentRunParts,
  type RunParts,
  type RunPartsOptions,
} from './parts.ts';
export type { Goal, PlanOptions, SimulatorChoice, SuccessRule } from './plan/option.ts';
export { planRun } from './plan/run.ts';
export { type DecoderInput, type DecoderOptions, trainDecoder } from './train/decoder.ts';
export type { TrainingPlaceChoice, TrainingPlaceName } from './train/place.ts';
export { type ResumeOptions, type RunOptions, resumeRun, trainRun } from './train/run.ts';
export { type VerifyRunOptions, verifyRun } from './verify/run.ts';
export {
  type TrainingComparison,
  type TrainingVerification,
  type TrainingVerificationRow,
  type VerifyTrainingOptions,
  verifyTraining,
} from './verify/training.ts';

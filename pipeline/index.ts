// What the product does to a run or a model, as functions: train, resume, export, evaluate, encode, certify, quantize, verify, plan,
// convert, sweep, inspect the machine. Each takes typed options, reports progress through a callback, returns the record that `--json`
// prints, and never prints or exits.
// What takes long takes an AbortSignal; `loadRun` and the `build...Parts` read or build in a moment, and `trainDecoder` is one
// synchronous loop: they take none.

export type { ClassSource } from '../src/evaluation/class/bisimulation.ts';
export type { RecordingClassSource } from '../src/evaluation/class/recording.ts';
export type { RunComparisonRecord } from '../src/evaluation/schema/comparison.ts';
export type { DriftRecord } from '../src/evaluation/schema/drift.ts';
export type { EncoderEvaluationRecord, EvaluationRecord } from '../src/evaluation/schema/evaluation.ts';
export type { ProofRecord } from '../src/evaluation/schema/proof.ts';
export type { QuantizationRecord } from '../src/evaluation/schema/quantization.ts';
export { createPlanner } from '../src/planning/index.ts';
export type { PlanRecord } from '../src/planning/schema.ts';
export type { PixelNormalization } from '../src/run/encode.ts';
export type { ConstantPort } from '../src/run/input.ts';
export type { Pool } from '../src/run/latent.ts';
export type { TrainingOutcome } from '../src/training/trainer.ts';
export type { FailRule } from '../src/verification/file/fail-rule.ts';
export type { ShapeChoices } from '../src/verification/file/random-inputs.ts';
export type { ComparisonRecord, Tolerance } from '../src/verification/file/schema.ts';
export type { VerificationRecord } from '../src/verification/schema.ts';
export type {
  TrainingComparison,
  TrainingDifference,
  TrainingOrigin,
  TrainingVerification,
  TrainingVerificationRow,
} from '../src/verification/training.ts';
export {
  bisimulationOfEnvironment,
  type EnvironmentBisimulation,
  type EnvironmentBisimulationOptions,
} from './bisimulation/environment.ts';
export type { NamedPair } from './bisimulation/pair.ts';
export {
  bisimulationOfRecording,
  type RecordingBisimulation,
  type RecordingBisimulationOptions,
  type StochasticComparison,
} from './bisimulation/recording.ts';
export { type CompareOptions, compareResults } from './compare/run.ts';
export { type CustomConverters, loadConverters } from './convert/custom-converters.ts';
export { type ConversionReport, type ConvertOptions, convertModel } from './convert/model.ts';
export {
  type DriftOptions,
  type LatentDriftOptions,
  measureDrift,
  measureLatentDrift,
} from './drift/run.ts';
export { brokenHypothesis } from './encoder/certification.ts';
export { type CertifyEncoderOptions, certifyEncoder } from './encoder/certify.ts';
export { type EncodedRecording, type EncodeOptions, encodeRecording } from './encoder/encode.ts';
export { evaluateEncoder } from './encoder/evaluate.ts';
export { type EvaluateLatentsOptions, evaluateLatents } from './encoder/latents.ts';
export type {
  EncoderOptions,
  EvaluateEncoderOptions,
  InputColumns,
  PredictorInput,
  PredictorOptions,
} from './encoder/option.ts';
export { encoderReportPath } from './encoder/report-file.ts';
export type { EvaluateOptions, EvaluateRunOptions } from './evaluate/option.ts';
export { evaluateRun } from './evaluate/run.ts';
export { type ExportedNetwork, type ExportedRun, type ExportRunOptions, exportRun } from './export/run.ts';
export type { ExportedTrainingFile, ExportedTrainingStep } from './export/training-step.ts';
export { engineNames, type Launch, type LaunchOptions, launchScript, submitLaunch } from './launch/index.ts';
export { type LoadedRun, loadRun } from './load.ts';
export { inspectMachine } from './machine/inspect.ts';
export type { MachinePart, MachineReport, Missing, RuntimeReport, TensorFlowReport } from './machine/report.ts';
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
export type { QuantizeEncoderOptions } from './quantize/option.ts';
export { type QuantizedEncoder, quantizeEncoder } from './quantize/run.ts';
export type { PassNumber, Shard } from './stream/pass.ts';
export type { StreamSubject } from './stream/plan.ts';
export {
  encoderSubject,
  latentsSubject,
  mergeEvaluation,
  type PlannedEvaluation,
  planEvaluation,
  runEvaluationShard,
  type StepOptions,
  type StreamingOptions,
} from './stream/run.ts';
export { type CollectedSweep, type CollectOptions, collectSweep } from './sweep/collect.ts';
export { type RunSweepOptions, runSweep, type SweepOutcome } from './sweep/local.ts';
export { type PlannedSweep, planSweep, readSweep, type SweepPlan, type SweepUnit } from './sweep/plan.ts';
export { type SweepStatus, sweepStatus, type UnitState, type UnitStatus } from './sweep/status.ts';
export { runSweepUnit, type SweepUnitOptions, type SweepUnitOutcome } from './sweep/unit.ts';
export { type DecoderInput, type DecoderOptions, trainDecoder } from './train/decoder.ts';
export type { TrainingPlaceChoice, TrainingPlaceName } from './train/place.ts';
export { type ResumeOptions, resumeRun } from './train/resume.ts';
export { type RunOptions, trainRun } from './train/run.ts';
export { type SimulatedRun, type SimulatedRunOptions, trainOnSimulator } from './train/simulator.ts';
export { type CompareFilesOptions, compareFiles } from './verify/files.ts';
export { type VerifyRunOptions, verifyRun } from './verify/run.ts';
export { type VerifyTrainingOptions, verifyTraining } from './verify/training.ts';
export { writeTrainingVerification } from './verify/training-report.ts';

// What the product does to a run or a model, as functions: train, resume, export, evaluate, plan. Each takes typed options,
// reports progress through a callback, returns the record that `--json` prints, and never prints or exits.

export { evaluateRun } from './evaluate.ts';
export { type EvaluateEncoderOptions, evaluateEncoder } from './evaluate-encoder.ts';
export type { EvaluateOptions, EvaluateRunOptions } from './evaluate-option.ts';
export { type ExportedNetwork, type ExportRunOptions, exportRun } from './export.ts';
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
export { type RunOptions, resumeRun, trainRun } from './train.ts';
export { type DecoderInput, type DecoderOptions, trainDecoder } from './train-decoder.ts';
export { type VerifyRunOptions, verifyRun } from './verify.ts';

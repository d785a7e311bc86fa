// The library: environments, auxiliaries, bisimulation, measures of latents, runtimes, sources of transitions, configuration
// and training, the report. Importing it loads nothing native. Networks: jepa-onnx/models; ONNX: jepa-onnx/export.
export * from './auxiliary/index.ts';
export * from './bisimulation/index.ts';
export { type EnvironmentSourceOptions, environmentSource, labelledObservations } from './data/environment-source.ts';
export { openRecording } from './data/readers/index.ts';
export type { Column, OpenOptions, Recording } from './data/recording.ts';
export { type RecordingSource, type RecordingSourceOptions, recordingSource } from './data/recording-source.ts';
export type { LabelledObservations, TransitionBatch, TransitionSource } from './data/transition.ts';
export * from './environments/index.ts';
export { FormatError, JepaError, UnavailableError, UsageError } from './error.ts';
export { type EvaluationRecord, evaluationSchema, type RuntimeRecord } from './evaluation/schema/evaluation.ts';
export { type NamedCode, permitCode } from './machine/code-permission.ts';
export { type Certificate, certify, type LatentError, latentError } from './measures/bound/certificate.ts';
export { type Distinctness, type DistinctnessInput, measureDistinctness } from './measures/distinctness.ts';
export { createLatents, type LabelledLatents, type Latents, labelLatents } from './measures/latents.ts';
export { measureSpectrum, projectOnAxes, type Spectrum } from './measures/spectrum/spectrum.ts';
export { type Verdict, verdictThresholds } from './measures/verdict.ts';
export { permutation, type Random, randomFor } from './random.ts';
export { renderReport } from './report/page.ts';
export type { Report, ReportBlock, ReportSection } from './report/report.ts';
export { encodeObservations, type ObservationInput } from './run/encode.ts';
export { type EvaluationSubject, openSubject } from './run/subject.ts';
export * from './runtimes/index.ts';
export { type LoadOptions, loadTensorFlow, type TensorFlow } from './tensorflow/load.ts';
export { type Configuration, parseConfiguration } from './training/configuration.ts';
export { type ConfigurationParts, presetNames, resolveConfiguration } from './training/presets.ts';
export { type TrainerOptions, type TrainingOutcome, train } from './training/trainer.ts';

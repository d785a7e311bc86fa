// Networks as tf.LayersModel, and whole runs: configuration in, run folder out. Training sets native TensorFlow up first
// where it is not; importing this does not.
export { buildDecoder, type DecoderShape } from './decoder.ts';
export type { EncoderShape } from './encoder/encoder.ts';
export { buildEncoder } from './encoder/index.ts';
export { type LoadedRun, loadRun } from './load-run.ts';
export {
  buildEnvironmentParts,
  buildRunParts,
  disposeRunParts,
  type EnvironmentRunParts,
  type RunParts,
} from './run-parts.ts';
export { type DecoderInput, type DecoderOptions, trainDecoder } from './train-decoder.ts';
export { type RunOptions, resumeRun, trainRun } from './train-run.ts';
export { buildWorldModel, type WorldModel, type WorldModelShape } from './world-model.ts';

// Networks as tf.LayersModel, and whole runs: configuration in, run folder out. Training sets native TensorFlow up first
// where it is not; importing this does not.

export { type LoadedRun, loadRun } from '../pipeline/load.ts';
export {
  buildEnvironmentParts,
  buildRunParts,
  disposeRunParts,
  type EnvironmentRunParts,
  type RunParts,
  type RunPartsOptions,
} from '../pipeline/parts.ts';
export { type RunOptions, resumeRun, trainRun } from '../pipeline/train.ts';
export { type DecoderInput, type DecoderOptions, trainDecoder } from '../pipeline/train-decoder.ts';
export { buildDecoder, type DecoderShape } from './decoder.ts';
export type { EncoderShape } from './encoder/encoder.ts';
export { buildEncoder } from './encoder/index.ts';
export type { EncoderContext, EncoderCreator } from './encoder/module.ts';
export { buildWorldModel, type WorldModel, type WorldModelShape } from './world-model.ts';

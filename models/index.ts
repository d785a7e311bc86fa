// Networks as tf.LayersModel: encoders, world models, decoders. Whole runs: jepa-onnx/pipeline.

export { buildDecoder, type DecoderShape } from './decoder.ts';
export type { EncoderShape } from './encoder/encoder.ts';
export { buildEncoder } from './encoder/index.ts';
export type { EncoderContext, EncoderCreator } from './encoder/module.ts';
export { buildWorldModel, type WorldModel, type WorldModelShape } from './world-model.ts';

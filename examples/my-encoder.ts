// An encoder of your own: jepa train counting --out runs/own --set model.encoder='{"kind":"module","path":"examples/my-encoder.ts"}'
// In a project of yours the type comes from 'jepa-onnx/models'.
import type { EncoderContext } from '../models/index.ts';

export function createEncoder({ tf, inputs, observation, latentSize, seed, options }: EncoderContext) {
  const filters = Number(options.filters ?? 16);
  const kernelInitializer = (layer: number) => tf.initializers.glorotUniform({ seed: 10 * seed + layer });
  // A sequential model's layers, behind whatever normalises the observation.
  const body = [
    tf.layers.conv2d({ name: 'edges', filters, kernelSize: 4, strides: 4, kernelInitializer: kernelInitializer(1) }),
    tf.layers.batchNormalization({ name: 'edges_norm' }),
    tf.layers.activation({ name: 'edges_relu', activation: 'relu' }),
    tf.layers.conv2d({ name: 'parts', filters, kernelSize: 4, strides: 2, kernelInitializer: kernelInitializer(2) }),
    tf.layers.flatten({ name: 'flatten' }),
    tf.layers.batchNormalization({ name: 'parts_norm' }),
    tf.layers.dense({ name: 'latent', units: latentSize, kernelInitializer: kernelInitializer(3) }),
  ];
  const latent = body.reduce((x, layer) => layer.apply(x) as typeof observation, observation);
  return tf.model({ inputs: [...inputs], outputs: latent, name: 'encoder' });
}

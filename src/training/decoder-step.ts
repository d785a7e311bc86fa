// One optimisation step of a decoder as one TensorFlow graph: forward, backward and Adam, as training-step.ts does for a world model.
// Latents are fed as numbers: no gradient can reach the encoder.
import type * as tf from '@tensorflow/tfjs';
import type { NamedArray } from '../storage/safetensors.ts';
import type { OptimizationConfiguration } from './configuration.ts';
import { PIXEL_SCALE } from './objective.ts';
import { adamFeeds, addAdamUpdates } from './tensorflow/adam.ts';
import { elementCount, Graph, type GraphTensor } from './tensorflow/graph.ts';
import { applyModel, ModelVariables } from './tensorflow/layers.ts';
import { square, subtract } from './tensorflow/operations/elementwise.ts';
import { castToFloat, mean } from './tensorflow/operations/shape.ts';
import { GraphSession } from './tensorflow/session.ts';
import { setNamedWeights } from './weight.ts';

/** Owns the training graph of a decoder; the model's own variables change only in `copyToModel`. */
export class DecoderStep {
  readonly #session: GraphSession;
  readonly #optimization: OptimizationConfiguration;
  readonly #loss: GraphTensor;

  /** @param decoder [B, D] -> [B, H, W, C] in 0..1 */
  constructor(decoder: tf.LayersModel, optimization: OptimizationConfiguration) {
    const { batchSize } = optimization;
    const graph = new Graph();
    const sidesOf = (shape: tf.Shape | tf.Shape[]) => (shape as tf.Shape).slice(1).map(Number);
    const latents = graph.placeholder('latents', 'float32', [batchSize, ...sidesOf(decoder.inputs[0].shape)]);
    const pixels = graph.placeholder('pixels', 'uint8', [batchSize, ...sidesOf(decoder.outputs[0].shape)]);
    const variables = new ModelVariables();
    const [drawn] = applyModel(graph, decoder, [latents], 'decoder', variables);
    const loss = mean(graph, square(graph, subtract(graph, drawn, castToFloat(graph, pixels, PIXEL_SCALE))));
    const trainable = [...variables.trainable.values()];
    const gradients = graph
      .gradients(
        loss,
        trainable.map((variable) => variable.value),
      )
      .filter((gradient) => gradient !== undefined);
    const updates = addAdamUpdates(graph, trainable, gradients, optimization, () => 1);
    [this.#loss] = graph.add('Identity', [loss], { T: { type: 'float32' } }, [{ type: 'float32', shape: [] }], {
      name: 'step',
      after: updates,
    });
    this.#optimization = optimization;
    this.#session = new GraphSession(graph);
    const values = new Map<string, NamedArray>();
    for (const { name, shape } of graph.variables.values()) {
      const own = variables.all.get(name);
      const initial = own ? Float32Array.from(own.layer.read().dataSync()) : new Float32Array(elementCount(shape));
      values.set(name, { shape, values: initial });
    }
    this.#session.setVariables(values);
  }

  /**
   * Runs step number `step` (from 0) with learning rate `rate`.
   * @param latents [B, D]
   * @param pixels [B, H, W, C] bytes: the observations that the latents are of
   * @returns the mean squared error of a pixel's number in 0..1, before this step's update
   */
  run(latents: Float32Array, pixels: Uint8Array, step: number, rate: number): number {
    const feeds = { latents, pixels, ...adamFeeds(step, rate, this.#optimization) };
    return this.#session.run(feeds, [this.#loss])[0][0];
  }

  /** Copies the trained weights into the model's own variables. */
  copyToModel(decoder: tf.LayersModel): void {
    setNamedWeights(decoder, 'decoder', this.#session.readVariables());
  }

  dispose(): void {
    this.#session.dispose();
  }
}

// One optimisation step of a regression (mean squared error) as one TensorFlow graph: forward, backward and Adam, as
// training-step.ts does for a world model. Decoders and probes are trained with it: their inputs are fed as numbers, so that
// no gradient can reach the encoder that these came from.
import type * as tf from '@tensorflow/tfjs';
import { elementCount } from '../shape.ts';
import type { NamedArray } from '../storage/safetensors.ts';
import { adamFeeds, addAdamUpdates } from '../tensorflow/adam.ts';
import { Graph, type GraphTensor } from '../tensorflow/graph.ts';
import { applyModel, ModelVariables } from '../tensorflow/layers.ts';
import { square, subtract } from '../tensorflow/operations/elementwise.ts';
import { castToFloat, mean } from '../tensorflow/operations/shape.ts';
import { GraphSession } from '../tensorflow/session.ts';
import { setNamedWeights } from '../tensorflow/weight.ts';
import type { OptimizationConfiguration } from './configuration.ts';
import { PIXEL_SCALE } from './objective.ts';

/** Owns the training graph of a model of one input and one output; the model's own variables change only in `copyToModel`. */
export class RegressionStep {
  readonly #session: GraphSession;
  readonly #optimization: OptimizationConfiguration;
  readonly #loss: GraphTensor;
  readonly #initial = new Map<string, NamedArray>();

  /** @param targetType uint8: pixels, which are compared as fractions of 255 */
  constructor(model: tf.LayersModel, optimization: OptimizationConfiguration, targetType: 'uint8' | 'float32') {
    const { batchSize } = optimization;
    const graph = new Graph();
    const batchShape = ([symbol]: readonly tf.SymbolicTensor[]) => [batchSize, ...symbol.shape.slice(1).map(Number)];
    const inputs = graph.placeholder('inputs', 'float32', batchShape(model.inputs));
    const targets = graph.placeholder('targets', targetType, batchShape(model.outputs));
    const variables = new ModelVariables();
    const [predicted] = applyModel(graph, model, [inputs], model.name, variables);
    const truth = castToFloat(graph, targets, targetType === 'uint8' ? PIXEL_SCALE : 1);
    const loss = mean(graph, square(graph, subtract(graph, predicted, truth)));
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
    for (const { name, shape } of graph.variables.values()) {
      const own = variables.all.get(name);
      const values = own ? Float32Array.from(own.layer.read().dataSync()) : new Float32Array(elementCount(shape));
      this.#initial.set(name, { shape, values });
    }
    this.restart();
  }

  /** Back to the weights that the model had, and to a fresh optimizer. */
  restart(): void {
    this.#session.setVariables(this.#initial);
  }

  /**
   * Runs step number `step` (from 0) with learning rate `rate`.
   * @param inputs [B, ...]
   * @param targets [B, ...]
   * @returns the mean squared error before this step's update
   */
  run(inputs: Float32Array, targets: Float32Array | Uint8Array, step: number, rate: number): number {
    const feeds = { inputs, targets, ...adamFeeds(step, rate, this.#optimization) };
    return this.#session.run(feeds, [this.#loss])[0][0];
  }

  /** Copies the trained weights into the variables of the model that it was made of. */
  copyToModel(model: tf.LayersModel): void {
    setNamedWeights(model, model.name, this.#session.readVariables());
  }

  dispose(): void {
    this.#session.dispose();
  }
}

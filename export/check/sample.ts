// Random inputs for a check: images in 0..1 (or 0..255), indices that an embedding has, standard normal numbers otherwise.
import { type Random, randomFor } from '../../src/random.ts';
import type { RuntimeTensor } from '../../src/runtimes/runtime.ts';
import type { LayerDescription, ModelDescription, TensorReference } from '../model/description.ts';
import { type ExportOptions, resolveOptions } from '../options.ts';
import { type AnyModel, type PortPlan, planInputs } from '../ports.ts';

export interface SampleOptions {
  readonly seed: number;
  /** Size of the batch axis. */
  readonly batch: number;
  /** Size of every other dynamic axis. */
  readonly dynamicSize: number;
}

/** One tensor for each input of the exported file, in its layout and type. The same seed gives the same tensors. */
export function sampleInputs(description: AnyModel, options: ExportOptions, sample: SampleOptions): RuntimeTensor[] {
  const plans = planInputs(description, resolveOptions(options));
  return plans.map((plan, i) => {
    const random = randomFor('export check', sample.seed, i, sample.batch);
    const shape = plan.shape.map((size, axis) =>
      typeof size === 'number' ? size : axis === 0 ? sample.batch : sample.dynamicSize,
    );
    const limit = 'ends' in description ? undefined : indexLimit(description, description.inputs[i]);
    return draw(plan, shape, limit, random);
  });
}

function draw(plan: PortPlan, shape: readonly number[], limit: number | undefined, random: Random): RuntimeTensor {
  const length = shape.reduce((a, b) => a * b, 1);
  if (plan.type === 'uint8')
    return { type: 'uint8', shape, data: Uint8Array.from({ length }, () => random.integer(256)) };
  if (plan.type === 'bool') return { type: 'bool', shape, data: Uint8Array.from({ length }, () => random.integer(2)) };
  const isImage = shape.length >= 4;
  // Integers are pixels in an image, and small numbers elsewhere: indices, most likely.
  const integers = limit ?? (isImage ? 256 : 10);
  if (plan.type === 'int32')
    return { type: 'int32', shape, data: Int32Array.from({ length }, () => random.integer(integers)) };
  const value = limit !== undefined ? () => random.integer(limit) : isImage ? random.uniform : random.normal;
  return { type: 'float32', shape, data: Float32Array.from({ length }, value) };
}

/** How many different indices the layers that read this tensor know, where they read indices. */
function indexLimit(model: ModelDescription, tensor: TensorReference): number | undefined {
  let limit: number | undefined;
  const narrow = (found: number | undefined): void => {
    if (found !== undefined) limit = Math.min(limit ?? found, found);
  };
  for (const layer of model.layers)
    for (const call of layer.calls)
      for (const [i, input] of call.inputs.entries()) {
        if (input.layer !== tensor.layer || input.call !== tensor.call || input.tensor !== tensor.tensor) continue;
        narrow(layer.model ? indexLimit(layer.model, layer.model.inputs[i]) : limitOf(layer));
      }
  return limit;
}

function limitOf(layer: LayerDescription): number | undefined {
  if (layer.className === 'Embedding') return layer.config.integer('inputDim');
  if (layer.className === 'CategoryEncoding') return layer.config.integer('numTokens');
  const inner = layer.parts.get('layer');
  if (inner === undefined) return undefined;
  return inner.model ? indexLimit(inner.model, inner.model.inputs[0]) : limitOf(inner);
}

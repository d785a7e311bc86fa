// Random small models: compositions of layers in any order and any joining.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { expectParity, type ParityOptions, randomizeWeights } from './harness.ts';

const { layers } = tf;
type Tensor = tf.SymbolicTensor;

/** One step of building a model: takes what has been built so far and adds a tensor, or nothing where it does not fit. */
type Step = (tensors: readonly Tensor[], pick: number) => Tensor | undefined;

const apply = (layer: tf.layers.Layer, x: Tensor | Tensor[]): Tensor => layer.apply(x) as Tensor;
const rankOf = (x: Tensor): number => x.shape.length;
const activations = ['relu', 'tanh', 'sigmoid', 'mish', 'gelu', 'swish', 'softplus', 'elu', 'hardSigmoid', 'softmax'];

const onImage =
  (make: (x: Tensor, pick: number) => Tensor): Step =>
  (tensors, pick) => {
    const images = tensors.filter((x) => rankOf(x) === 4 && Number(x.shape[1]) >= 3 && Number(x.shape[2]) >= 3);
    return images.length === 0 ? undefined : make(images[pick % images.length], pick);
  };
const onAny =
  (make: (x: Tensor, pick: number) => Tensor): Step =>
  (tensors, pick) =>
    make(tensors[pick % tensors.length], pick);

const padding = (pick: number): 'same' | 'valid' => (pick % 2 === 0 ? 'same' : 'valid');
const activation = (pick: number): 'relu' => activations[pick % activations.length] as 'relu';

const steps: readonly Step[] = [
  onImage((x, pick) =>
    apply(
      layers.conv2d({
        filters: 1 + (pick % 4),
        kernelSize: 1 + (pick % 3),
        strides: 1 + (pick % 2),
        padding: padding(pick),
        useBias: pick % 5 > 0,
      }),
      x,
    ),
  ),
  onImage((x, pick) =>
    apply(layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same', activation: activation(pick) }), x),
  ),
  onImage((x, pick) =>
    apply(layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 1 + (pick % 2), padding: padding(pick) }), x),
  ),
  onImage((x, pick) =>
    apply(
      layers.conv2dTranspose({
        filters: 2,
        kernelSize: 1 + (pick % 4),
        strides: 1 + (pick % 2),
        padding: padding(pick),
      }),
      x,
    ),
  ),
  onImage((x, pick) =>
    apply(
      pick % 2
        ? layers.maxPooling2d({ poolSize: 2, padding: padding(pick >> 1) })
        : layers.averagePooling2d({ poolSize: 2, padding: padding(pick >> 1) }),
      x,
    ),
  ),
  onImage((x, pick) =>
    apply(
      layers.zeroPadding2d({
        padding: [
          [pick % 2, 1],
          [0, pick % 3],
        ],
      }),
      x,
    ),
  ),
  onImage((x) => apply(layers.upSampling2d({}), x)),
  onImage((x) => apply(layers.globalAveragePooling2d({}), x)),
  onAny((x) => apply(layers.batchNormalization(), x)),
  onAny((x) => apply(layers.layerNormalization(), x)),
  onAny((x, pick) => apply(layers.activation({ activation: activation(pick) }), x)),
  onAny((x, pick) => apply(layers.dense({ units: 1 + (pick % 5), useBias: pick % 3 > 0 }), x)),
  onAny((x) => apply(layers.dropout({ rate: 0.5 }), x)),
  onAny((x) => apply(layers.leakyReLU(), x)),
  (tensors, pick) => {
    const x = tensors[pick % tensors.length];
    return rankOf(x) > 2 ? apply(layers.flatten(), x) : undefined;
  },
  (tensors, pick) => {
    const x = tensors[pick % tensors.length];
    const rank = rankOf(x);
    if (rank < 3) return undefined;
    const dims = Array.from({ length: rank - 1 }, (_, i) => ((i + pick) % (rank - 1)) + 1);
    return apply(layers.permute({ dims }), x);
  },
  (tensors, pick) => {
    const x = tensors[pick % tensors.length];
    if (rankOf(x) !== 2 || Number(x.shape[1]) > 64) return undefined;
    return apply(layers.reshape({ targetShape: [1, 1, Number(x.shape[1])] }), x);
  },
  (tensors, pick) => {
    const x = tensors[pick % tensors.length];
    // TensorFlow.js crashes on a tensor that is joined with itself.
    const alike = tensors.filter((y) => y !== x && y.shape.join() === x.shape.join());
    if (alike.length === 0) return undefined;
    const joins = [layers.add, layers.multiply, layers.maximum, layers.average];
    return apply(joins[pick % joins.length](), [x, alike[(pick >> 2) % alike.length]]);
  },
  (tensors, pick) => {
    const x = tensors[pick % tensors.length];
    const alike = tensors.filter((y) => y !== x && y.shape.slice(0, -1).join() === x.shape.slice(0, -1).join());
    if (alike.length === 0) return undefined;
    return apply(layers.concatenate(), [x, alike[(pick >> 2) % alike.length]]);
  },
];

interface Recipe {
  readonly size: readonly [number, number, number];
  readonly choices: readonly (readonly [step: number, pick: number])[];
  readonly outputs: readonly number[];
  readonly opset: number;
}

const recipe: fc.Arbitrary<Recipe> = fc.record({
  size: fc.tuple(fc.integer({ min: 3, max: 7 }), fc.integer({ min: 3, max: 7 }), fc.integer({ min: 1, max: 3 })),
  choices: fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(1000)), { minLength: 1, maxLength: 8 }),
  outputs: fc.array(fc.nat(1000), { minLength: 0, maxLength: 2 }),
  opset: fc.integer({ min: 17, max: 23 }),
});

function build({ size, choices, outputs }: Recipe): tf.LayersModel {
  const input = tf.input({ shape: [...size], name: 'x' });
  const tensors: Tensor[] = [input];
  for (const [step, pick] of choices) {
    const next = steps[step](tensors, pick);
    const elements = next?.shape.slice(1).reduce<number>((product, each) => product * Number(each), 1) ?? 0;
    if (next && elements > 0 && elements < 2000) tensors.push(next);
  }
  // An output that is an input is another test's; TensorFlow.js cannot give the same tensor twice.
  const made = tensors.slice(1);
  const chosen = [...new Set([made[made.length - 1], ...outputs.map((pick) => made[pick % made.length])])].filter(
    (x) => x !== undefined,
  );
  return tf.model({ inputs: input, outputs: chosen.length > 0 ? chosen : [apply(layers.reLU(), input)] });
}

/** Exports `count` random models, with the passes and without, and compares each with TensorFlow.js. */
export async function expectRandomModelsToAgree(count: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(recipe, async (each) => {
      const model = build(each);
      randomizeWeights(model, each.opset);
      const options: ParityOptions = { opset: each.opset, layout: 'model', tolerance: [1e-3, 1e-4] };
      try {
        await expectParity(model, 'random model', options);
        await expectParity(model, 'random model without passes', { ...options, optimize: false });
      } finally {
        model.dispose();
      }
    }),
    { numRuns: count },
  );
}

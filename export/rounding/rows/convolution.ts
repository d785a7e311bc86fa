// Convolutions, pooling and batch norm: [N, C, ...plane], one image at a time.
import { sizeOf } from '../../graph/constant.ts';
import { floatAttribute, intAttribute, intsAttribute } from '../../graph/graph.ts';
import { sumError, u32, u64 } from '../hypotheses.ts';
import { maximum } from '../maximum.ts';
import { absolute, addProduct, addProductSparse, transposeMatrix } from '../product.ts';
import type { Outcome, Row } from '../row.ts';
import { radiusOf } from '../tensor.ts';
import { type Window, windowOf } from '../window.ts';

interface Channels {
  /** Channels of the input in one group, and elements of one channel. */
  readonly channels: number;
  readonly plane: number;
  readonly window: Window;
}

/** [channels * taps, places]: what every window sees. */
function columnsOf(values: Float64Array, from: number, { channels, plane, window }: Channels): Float64Array {
  const { offsets, places, taps } = window;
  const columns = new Float64Array(channels * taps * places);
  for (let c = 0; c < channels; c++)
    for (let t = 0; t < taps; t++) {
      const to = (c * taps + t) * places;
      const source = from + c * plane;
      for (let p = 0; p < places; p++) {
        const offset = offsets[p * taps + t];
        if (offset >= 0) columns[to + p] = values[source + offset];
      }
    }
  return columns;
}

/** [places]: products that are 0 on every runtime, in the padding and behind a relu. Adding them rounds nothing. */
function idleTerms(columns: Float64Array, moved: Float64Array | undefined, inner: number, places: number): Int32Array {
  const idle = new Int32Array(places);
  for (let k = 0; k < inner; k++)
    for (let p = 0; p < places; p++) {
      const at = k * places + p;
      if (columns[at] === 0 && (moved === undefined || moved[at] === 0)) idle[p]++;
    }
  return idle;
}

const convolve: Row = (use) => {
  const { node, input, fail, once, hypotheses } = use;
  const [x, w] = [input(0), input(1)];
  const bias = use.inputs[2];
  if (w.radius || bias?.radius) throw fail('a kernel and a bias that are constants', 'computed ones');
  const group = intAttribute(node, 'group', 1);
  const [count, depth, ...plane] = x.shape;
  const [filters, channels, ...kernel] = w.shape;
  if (depth !== channels * group) throw fail(`${channels * group} channels`, String(depth));
  const window = once(w, `window ${plane}`, () => windowOf(use, plane, kernel));
  const { places, taps } = window;
  const inner = channels * taps;
  const own = filters / group;
  const magnitude = once(w, 'magnitude', () => absolute(w.values));
  const turned = once(w, 'turned', () =>
    Array.from({ length: group }, (_, g) => transposeMatrix(w.values, own, inner, g * own * inner)),
  );
  const area = sizeOf(plane);
  const seen: Channels = { channels, plane: area, window };
  const size = count * filters * places;
  const values = new Float64Array(size);
  const mass = new Float64Array(size);
  const spread = new Float64Array(size);
  const sizes = [own, inner, places] as const;
  const idle: Int32Array[] = [];
  for (let n = 0; n < count; n++)
    for (let g = 0; g < group; g++) {
      const from = (n * depth + g * channels) * area;
      const at = [g * own * inner, 0, (n * filters + g * own) * places] as const;
      const columns = columnsOf(x.values, from, seen);
      addProduct(w.values, columns, values, sizes, at);
      addProduct(magnitude, absolute(columns), mass, sizes, at);
      const moved = x.radius && columnsOf(x.radius, from, seen);
      if (moved) addProduct(magnitude, moved, spread, sizes, at);
      idle.push(idleTerms(columns, moved, inner, places));
    }
  const terms = inner + (bias ? 1 : 0);
  const local = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    if (bias) {
      const offset = bias.values[Math.floor(i / places) % filters];
      values[i] += offset;
      mass[i] += Math.abs(offset);
    }
    const used = terms - idle[Math.floor(i / (own * places))][i % places];
    local[i] = sumError(values[i], mass[i], spread[i], Math.max(1, used), hypotheses) + (terms + 2) * u64 * mass[i];
    mass[i] += spread[i];
  }
  return {
    shape: [count, filters, ...window.sizes],
    values,
    spread,
    local,
    mass,
    addends: terms,
    terms: Math.max(terms, own * taps),
    isMixing: true,
    pull: (functionals, rows) => {
      const pulled = new Float64Array(rows * x.values.length);
      for (let row = 0; row < rows * count; row++)
        for (let g = 0; g < group; g++)
          pullWindow(
            functionals.subarray((row * filters + g * own) * places, (row * filters + (g + 1) * own) * places),
            pulled.subarray((row * depth + g * channels) * area, (row * depth + (g + 1) * channels) * area),
            { own, turned: turned[g], ...seen },
          );
      return [pulled];
    },
  };
};

/** The transpose of a convolution, at the places where the functional is not zero. */
function pullWindow(
  functional: Float64Array,
  pulled: Float64Array,
  { own, turned, channels, plane, window }: Channels & { readonly own: number; readonly turned: Float64Array },
): void {
  const { offsets, places, taps } = window;
  const used: number[] = [];
  for (let p = 0; p < places; p++)
    for (let f = 0; f < own; f++)
      if (functional[f * places + p] !== 0) {
        used.push(p);
        break;
      }
  if (used.length === 0) return;
  const compact = new Float64Array(own * used.length);
  for (let f = 0; f < own; f++)
    for (let k = 0; k < used.length; k++) compact[f * used.length + k] = functional[f * places + used[k]];
  const columns = new Float64Array(channels * taps * used.length);
  addProductSparse(turned, compact, columns, [channels * taps, own, used.length]);
  for (let c = 0; c < channels; c++)
    for (let t = 0; t < taps; t++)
      for (let k = 0; k < used.length; k++) {
        const offset = offsets[used[k] * taps + t];
        if (offset >= 0) pulled[c * plane + offset] += columns[(c * taps + t) * used.length + k];
      }
}

/** Means of windows; `places` and `taps` of one channel. */
function averages(
  x: Parameters<typeof radiusOf>[0],
  window: Window,
  sizes: readonly number[],
  isPadCounted: boolean,
  hypotheses: Parameters<typeof sumError>[4],
): Outcome {
  const planes = x.shape[0] * x.shape[1];
  const { offsets, places, taps } = window;
  const area = x.values.length / planes;
  const size = planes * places;
  const values = new Float64Array(size);
  const spread = new Float64Array(size);
  const local = new Float64Array(size);
  const divisors = new Float64Array(places);
  for (let p = 0; p < places; p++)
    for (let t = 0; t < taps; t++) if (offsets[p * taps + t] >= (isPadCounted ? -1 : 0)) divisors[p]++;
  const radius = radiusOf(x);
  for (let i = 0; i < size; i++) {
    const p = i % places;
    const from = Math.floor(i / places) * area;
    let mass = 0;
    for (let t = 0; t < taps; t++) {
      const offset = offsets[p * taps + t];
      if (offset < 0) continue;
      values[i] += x.values[from + offset];
      mass += Math.abs(x.values[from + offset]);
      spread[i] += radius[from + offset];
    }
    const error = sumError(values[i], mass, spread[i], taps, hypotheses) + (taps + 2) * u64 * mass;
    // The division, or a product with the reciprocal, itself rounded; before or after the sum.
    local[i] = (error + 3 * u32 * (mass + spread[i])) / divisors[p];
    values[i] /= divisors[p];
    spread[i] /= divisors[p];
  }
  return {
    shape: sizes,
    values,
    spread,
    local,
    terms: taps,
    isMixing: true,
    pull: (functionals, rows) => {
      const pulled = new Float64Array(rows * x.values.length);
      for (let i = 0; i < rows * size; i++) {
        if (functionals[i] === 0) continue;
        const p = i % places;
        const share = functionals[i] / divisors[p];
        for (let t = 0; t < taps; t++) {
          const offset = offsets[p * taps + t];
          if (offset >= 0) pulled[Math.floor(i / places) * area + offset] += share;
        }
      }
      return [pulled];
    },
  };
}

const averagePool: Row = (use) => {
  const x = use.input(0);
  const kernel = intsAttribute(use.node, 'kernel_shape') ?? [];
  const window = windowOf(use, x.shape.slice(2), kernel);
  const isPadCounted = intAttribute(use.node, 'count_include_pad', 0) !== 0;
  return averages(x, window, [...x.shape.slice(0, 2), ...window.sizes], isPadCounted, use.hypotheses);
};

function wholePlane(plane: readonly number[]): Window {
  const taps = sizeOf(plane);
  return { sizes: plane.map(() => 1), offsets: Int32Array.from({ length: taps }, (_, i) => i), places: 1, taps };
}

const globalAverage: Row = (use) => {
  const x = use.input(0);
  const window = wholePlane(x.shape.slice(2));
  return averages(x, window, [...x.shape.slice(0, 2), ...window.sizes], false, use.hypotheses);
};

const maximumOver =
  (windowFor: (use: Parameters<Row>[0], plane: readonly number[]) => Window): Row =>
  (use) => {
    const x = use.input(0);
    const window = windowFor(use, x.shape.slice(2));
    const planes = x.shape[0] * x.shape[1];
    const { offsets, places, taps } = window;
    const area = x.values.length / planes;
    const sources = new Int32Array(planes * places * taps).fill(-1);
    for (let i = 0; i < planes * places; i++)
      for (let t = 0; t < taps; t++) {
        const offset = offsets[(i % places) * taps + t];
        if (offset >= 0) sources[i * taps + t] = Math.floor(i / places) * area + offset;
      }
    return maximum(x, sources, taps, [...x.shape.slice(0, 2), ...window.sizes], 1);
  };

const maxPool = maximumOver((use, plane) => {
  if (use.node.outputs[1]) throw use.fail('one output', 'indices too');
  return windowOf(use, plane, intsAttribute(use.node, 'kernel_shape') ?? []);
});

/**
 * scale (x - mean) / sqrt(variance + epsilon) + offset in any arrangement: at most ten roundings of every product, and, behind a
 * convolution, of its kernel's products, since runtimes fold the norm into the kernel.
 */
const batchNorm: Row = (use) => {
  const { input, fail, node, once } = use;
  const x = input(0);
  const parameters = [1, 2, 3, 4].map(input);
  if (parameters.some(({ radius }) => radius)) throw fail('parameters that are constants', 'computed ones');
  if (intAttribute(node, 'training_mode', 0) !== 0) throw fail('inference', 'training_mode');
  const [scale, offset, mean, variance] = parameters.map(({ values }) => values);
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const factors = once(parameters[0], 'factors', () =>
    scale.map((value, c) => value / Math.sqrt(variance[c] + epsilon)),
  );
  const channels = x.shape[1];
  const area = sizeOf(x.shape.slice(2));
  const size = x.values.length;
  const values = new Float64Array(size);
  const spread = new Float64Array(size);
  const local = new Float64Array(size);
  const radius = radiusOf(x);
  const mass = x.mass && new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const c = Math.floor(i / area) % channels;
    const factor = Math.abs(factors[c]);
    values[i] = (x.values[i] - mean[c]) * factors[c] + offset[c];
    spread[i] = radius[i] * factor;
    const weight = Math.max(x.mass?.[i] ?? 0, Math.abs(x.values[i]) + radius[i]);
    const parts = factor * (weight + Math.abs(mean[c])) + Math.abs(offset[c]);
    local[i] = 10.1 * (u32 + u64) * parts;
    if (mass) mass[i] = parts;
  }
  return {
    shape: x.shape,
    values,
    spread,
    local,
    mass,
    addends: x.addends,
    terms: 1,
    isMixing: false,
    pull: (functionals, rows) => {
      for (let i = 0; i < rows * size; i++) functionals[i] *= factors[Math.floor((i % size) / area) % channels];
      return [functionals];
    },
  };
};

export const convolutionRows: Readonly<Record<string, Row>> = {
  Conv: convolve,
  AveragePool: averagePool,
  GlobalAveragePool: globalAverage,
  MaxPool: maxPool,
  GlobalMaxPool: maximumOver((_, plane) => wholePlane(plane)),
  BatchNormalization: batchNorm,
};

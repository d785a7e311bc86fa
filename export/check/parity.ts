// Whether an exported file computes what its model computes: the numbers that are printed and stored beside it.
import { JepaError } from '../../src/error.ts';
import { floatToHalf, halfToFloat } from '../../src/half.ts';
import type {
  ElementType,
  RuntimeDescription,
  RuntimeSession,
  RuntimeTensor,
  TensorSpec,
} from '../../src/runtimes/runtime.ts';
import type { ExportOptions } from '../options.ts';
import type { AnyModel } from '../ports.ts';
import type { Reference } from './reference.ts';
import { sampleInputs } from './sample.ts';
import { type NamedTensor, type TestDataFile, testDataFiles } from './test-data.ts';

/** Largest error, as a part of the largest output, that counts as agreement in float32. */
export const parityTolerance = 1e-4;

/** How far one output is from the reference at one batch size. */
export interface OutputParity {
  readonly output: string;
  readonly batch: number;
  /** Largest |file - model| over all elements. */
  readonly maxAbsError: number;
  readonly meanAbsError: number;
  /** Largest |model| over all elements; at least 1 for shares and probabilities (a sigmoid or a softmax gives them). */
  readonly scale: number;
  /** maxAbsError / scale: what the tolerance is for. */
  readonly relativeError: number;
  /** The largest element is in the same place in every row. Only for outputs [batch, classes]. */
  readonly sameTop?: boolean;
}

/** What was compared with what, and every output's error. */
export interface ParityReport {
  readonly format: 1;
  /** What computed the file's outputs, and the reference. */
  readonly runtime: RuntimeDescription;
  readonly reference: string;
  readonly seed: number;
  readonly tolerance: number;
  readonly outputs: readonly OutputParity[];
  readonly agrees: boolean;
}

export interface ParityOptions {
  /** An open session on the file. */
  readonly session: RuntimeSession;
  readonly runtime: RuntimeDescription;
  readonly reference: Reference;
  /** What the reference is: `tfjs 4.22.0 cpu`. */
  readonly referenceName: string;
  readonly description: AnyModel;
  readonly exportOptions: ExportOptions;
  readonly seed?: number;
  /** Default 1e-4. */
  readonly tolerance?: number;
  /** Refuse what the model itself does not compute in finite numbers. Default: both may have them in the same places. */
  readonly mustBeFinite?: boolean;
  /** Outputs of a scale of at least 1, whatever they are on these inputs: see unit.ts. */
  readonly unitOutputs?: readonly string[];
  /** Sizes of the batch, each tried. Default 1 and 3 where the batch is dynamic. */
  readonly batches?: readonly number[];
  /** Inputs to use instead of random ones: real observations, say. One list a batch size, in the file's layout. */
  readonly inputs?: (batch: number) => readonly RuntimeTensor[];
}

/** The report of a comparison, and the tensors that it was made on. */
export interface Parity {
  readonly report: ParityReport;
  /** test_data_set_k for the k-th batch size, with the reference's outputs. */
  readonly testData: readonly TestDataFile[];
}

/**
 * Runs the file and the model on the same inputs.
 * @throws JepaError where the file's outputs have another shape or are not all finite where the model's are, or these have to be and are not
 */
export async function measureParity(options: ParityOptions): Promise<Parity> {
  const { session, reference, description, exportOptions, seed = 0, tolerance = parityTolerance } = options;
  const dynamic = session.inputs.every((input) => typeof input.shape[0] === 'string');
  const batches = options.batches ?? (dynamic ? [1, 3] : [Number(session.inputs[0].shape[0] ?? 1)]);
  const rows: OutputParity[] = [];
  const testData: TestDataFile[] = [];
  for (const [set, batch] of batches.entries()) {
    const inputs =
      options.inputs?.(batch) ??
      sampleInputs(description, exportOptions, { seed, batch, dynamicSize: dynamicSizes[set % dynamicSizes.length] });
    const feeds = Object.fromEntries(session.inputs.map((input, i) => [input.name, asHalf(inputs[i], input.type)]));
    const results = await session.run(feeds);
    // What the model itself gives for the numbers that the file was fed, halves included.
    const expected = await reference(session.inputs.map(({ name }) => asFloat(feeds[name])));
    const actual = Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, asFloat(tensor)]));
    const named = (specs: readonly TensorSpec[], tensors: readonly RuntimeTensor[]): NamedTensor[] =>
      tensors.map((tensor, i) => ({ ...asHalf(tensor, specs[i].type), name: specs[i].name }));
    for (const [i, { name }] of session.outputs.entries()) {
      if (options.mustBeFinite) expectFinite(name, expected[i]);
      const leastScale = options.unitOutputs?.includes(name) ? 1 : 0;
      rows.push(compare(name, batch, { actual: actual[name], expected: expected[i], leastScale }));
    }
    testData.push(...testDataFiles(named(session.inputs, inputs), named(session.outputs, expected), set));
  }
  const agrees = rows.every((row) => row.relativeError <= tolerance);
  return {
    report: {
      format: 1,
      runtime: options.runtime,
      reference: options.referenceName,
      seed,
      tolerance,
      outputs: rows,
      agrees,
    },
    testData,
  };
}

/** A float32 tensor as float16, where that is what the file takes. */
function asHalf(tensor: RuntimeTensor, type: ElementType): RuntimeTensor {
  if (type !== 'float16' || !(tensor.data instanceof Float32Array)) return tensor;
  return { type, shape: tensor.shape, data: Uint16Array.from(tensor.data, floatToHalf) };
}

function asFloat(tensor: RuntimeTensor): RuntimeTensor {
  if (tensor.type !== 'float16' || !(tensor.data instanceof Uint16Array)) return tensor;
  return { type: 'float32', shape: tensor.shape, data: Float32Array.from(tensor.data, halfToFloat) };
}

function expectFinite(output: string, { data }: RuntimeTensor): void {
  for (const [i, value] of data.entries())
    if (!Number.isFinite(Number(value)))
      throw new JepaError(
        `"${output}": expected a network that computes finite numbers, got ${value} at element ${i}`,
        {
          remedy: 'Its weights have diverged: train again with a lower rate.',
        },
      );
}

/** Sizes of dynamic axes other than the batch: one for each data set, different ones. */
const dynamicSizes = [32, 48];

function compare(
  output: string,
  batch: number,
  {
    actual,
    expected,
    leastScale,
  }: { readonly actual: RuntimeTensor; readonly expected: RuntimeTensor; readonly leastScale: number },
): OutputParity {
  if (actual.shape.join() !== expected.shape.join())
    throw new JepaError(
      `parity of "${output}": expected shape [${expected.shape.join(', ')}], got [${actual.shape.join(', ')}]`,
    );
  let [maxAbsError, sum, scale] = [0, 0, leastScale];
  for (let i = 0; i < expected.data.length; i++) {
    const [got, want] = [Number(actual.data[i]), Number(expected.data[i])];
    if (Object.is(got, want)) continue;
    if (Number.isNaN(got) !== Number.isNaN(want) || Number.isFinite(got) !== Number.isFinite(want))
      throw new JepaError(`parity of "${output}": expected ${want} at element ${i}, got ${got}`);
    const error = Number.isNaN(want) ? 0 : Math.abs(got - want);
    maxAbsError = Math.max(maxAbsError, error);
    sum += error;
  }
  for (const value of expected.data)
    if (Number.isFinite(Number(value))) scale = Math.max(scale, Math.abs(Number(value)));
  const isRow = expected.shape.length === 2 && expected.shape[1] > 1;
  return {
    output,
    batch,
    maxAbsError,
    meanAbsError: expected.data.length === 0 ? 0 : sum / expected.data.length,
    scale,
    relativeError: maxAbsError === 0 ? 0 : maxAbsError / scale,
    ...(isRow ? { sameTop: topOf(actual).every((top, row) => top === topOf(expected)[row]) } : {}),
  };
}

function topOf({ data, shape }: RuntimeTensor): number[] {
  const [rows, columns] = shape;
  return Array.from({ length: rows }, (_, row) => {
    let top = 0;
    for (let column = 1; column < columns; column++)
      if (Number(data[row * columns + column]) > Number(data[row * columns + top])) top = column;
    return top;
  });
}

// The options of an export, their defaults and their check.
import { UsageError, unknownName } from '../src/error.ts';
import type { ConversionOptions } from './convert.ts';
import { newestOpset, oldestOpset } from './graph/graph.ts';
import { type DecomposableOperator, decomposableOperators } from './passes/decompose.ts';

/** `model`: as the model itself lays them out. */
export type ImageLayout = 'nchw' | 'nhwc' | 'model';
/** Element type of image inputs: floats as the model takes them, or raw bytes. */
export type PixelType = 'float32' | 'uint8';

/** How a model is written as ONNX. Unknown options are refused. */
export interface ExportOptions extends ConversionOptions {
  /** Version of ONNX's operator set, 17 to 23. Default 17: see `defaultOpset`. */
  readonly opset?: number;
  /** Operators that the runtime lacks: they are written as simpler ones. Default none. See targets.ts. */
  readonly avoid?: readonly DecomposableOperator[];
  /** Layout of rank-4 inputs and outputs (of rank 5 too, where a 3-D layer takes them). Default nchw. */
  readonly layout?: ImageLayout;
  /**
   * Element type of image inputs. `uint8` takes raw pixels 0..255 and multiplies by 1/255 in the graph, for models that
   * were trained on 0..1. Default float32: whatever the model itself takes.
   */
  readonly pixels?: PixelType;
  /** Names of inputs and outputs in the file, in the model's order. Default: the model's own. */
  readonly inputNames?: readonly string[];
  readonly outputNames?: readonly string[];
  /** Name of the dynamic batch axis. Default N. */
  readonly batchAxis?: string;
  /** Names of further dynamic axes, or fixed sizes for them: { image: ['N', 'height', 'width', 3] }, by input name. */
  readonly inputShapes?: Readonly<Record<string, readonly (number | string | null)[]>>;
  /** Fixed sizes for dynamic axes, by the axis' name: { N: 1, time: 32 }. */
  readonly axisSizes?: Readonly<Record<string, number>>;
  /** Make the batch dynamic even where the model fixes it. Default false. */
  readonly dynamicBatch?: boolean;
  /** Put before every node's name: `encoder` gives `encoder/conv1/Conv`. Default none. */
  readonly scope?: string;
  /** The graph's name. Default: the model's. */
  readonly name?: string;
  /** What the model is, in a sentence or two. */
  readonly doc?: string;
  /** One line for an input or output, by its name in the file. */
  readonly portDocs?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly producer?: { readonly name: string; readonly version: string };
  /** Leave out the passes that make the graph lean: for debugging and for tests. Default true. */
  readonly optimize?: boolean;
}

/**
 * 17 is the oldest opset with LayerNormalization. In our table of runtimes it loads in every one that loads a newer file,
 * and in several that refuse newer ones (rten, onnx2torch); what newer opsets add for these models is Mish (18) and Gelu
 * (20) as single nodes, which are no faster in onnxruntime: four dense layers of 256 with Mish, batch 64, took 2.08 ms at
 * opset 17 and 2.07 ms at 18 (one thread, medians of 30 rounds in turns).
 */
export const defaultOpset = 17;

export interface ResolvedOptions extends ExportOptions {
  readonly opset: number;
  readonly avoid: readonly DecomposableOperator[];
  readonly layout: ImageLayout;
  readonly pixels: PixelType;
  readonly batchAxis: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly producer: { readonly name: string; readonly version: string };
  readonly optimize: boolean;
}

const known: Readonly<Record<keyof ExportOptions, true>> = {
  opset: true,
  avoid: true,
  layout: true,
  pixels: true,
  inputNames: true,
  outputNames: true,
  batchAxis: true,
  inputShapes: true,
  axisSizes: true,
  dynamicBatch: true,
  scope: true,
  name: true,
  doc: true,
  portDocs: true,
  metadata: true,
  producer: true,
  optimize: true,
  converters: true,
  activations: true,
  warn: true,
};

export const layouts: readonly ImageLayout[] = ['nchw', 'nhwc', 'model'];

/** Throws UsageError on an unknown option or a value out of range. */
export function resolveOptions(options: ExportOptions): ResolvedOptions {
  for (const key of Object.keys(options))
    if (!Object.hasOwn(known, key)) throw unknownName('exportOnnx', 'an option', key, Object.keys(known));
  const opset = options.opset ?? defaultOpset;
  if (!Number.isInteger(opset) || opset < oldestOpset || opset > newestOpset)
    throw new UsageError(`exportOnnx: expected opset to be ${oldestOpset} to ${newestOpset}, got ${opset}`);
  const avoid = options.avoid ?? [];
  for (const operator of avoid)
    if (!decomposableOperators.includes(operator))
      throw unknownName('exportOnnx', 'operators to avoid', operator, decomposableOperators);
  const layout = options.layout ?? 'nchw';
  if (!layouts.includes(layout)) throw unknownName('exportOnnx', 'a layout', String(layout), layouts);
  const pixels = options.pixels ?? 'float32';
  if (pixels !== 'float32' && pixels !== 'uint8')
    throw unknownName('exportOnnx', 'a pixel type', String(pixels), ['float32', 'uint8']);
  return {
    ...options,
    opset,
    avoid,
    layout,
    pixels,
    batchAxis: options.batchAxis ?? 'N',
    metadata: options.metadata ?? {},
    producer: options.producer ?? { name: 'jepa-onnx', version: '' },
    optimize: options.optimize ?? true,
  };
}

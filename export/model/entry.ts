// One layer of a serialised topology before it is described: what it is called, whether it is a function, and whether its weights
// are numbers.
import { FormatError } from '../../src/error.ts';
import { type Config, isObject } from './config.ts';

/** A layer as it stands in the file. */
export interface Entry {
  readonly className: string;
  readonly name: string;
  readonly config: unknown;
  readonly inboundNodes: unknown;
  readonly module: unknown;
}

/** The prefix of the class names of Keras 3's functions: `ops.Add` is x + y, `Add` the layer. */
export const operationPrefix = 'ops.';

/** Layers whose configuration is as bare as that of a function. */
const bareLayers = new Set([
  'InputLayer',
  'Discretization',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'SpatialDropout3D',
]);

/**
 * A function of keras.ops, which a file of Keras 3 has among its layers. HDF5 files and converters lose its module but not its
 * bare configuration.
 */
export function isOperation({ module, config, className }: Entry): boolean {
  if (typeof module === 'string') return /^keras(\.src)?\.ops\b/.test(module);
  return !bareLayers.has(className) && isObject(config) && !('trainable' in config);
}

export function entryOf(value: unknown, where: string): Entry {
  if (!isObject(value) || typeof value.className !== 'string')
    throw new FormatError(`${where}: expected a layer with a class name, got ${JSON.stringify(value)?.slice(0, 80)}`);
  const config = value.config ?? {};
  const named = isObject(config) && typeof config.name === 'string' ? config.name : undefined;
  const name = typeof value.name === 'string' ? value.name : (named ?? value.className.toLowerCase());
  return { className: value.className, name, config, inboundNodes: value.inboundNodes, module: value.module };
}

/** A policy of Keras 3 that quantises says its mode: `int8`, `int4/128`, `float8`. The kernel is then codes, or rounded when it is used. */
export function refuseQuantised(config: Config, where: string): void {
  const policy = config.value('dtype');
  const mode = isObject(policy) && isObject(policy.config) ? policy.config.mode : undefined;
  if (typeof mode !== 'string') return;
  throw new FormatError(
    `${where}: ${config.where}: expected weights of floats, got a layer that Keras has quantised (${mode})`,
    {
      remedy: 'Export the model as it was before model.quantize(), and quantise the ONNX file.',
    },
  );
}

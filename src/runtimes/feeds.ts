// The check that every runtime makes before it runs: onnxruntime ignores feeds of unknown names, and words the rest
// differently in each build. One wording here, with the name and both numbers.
import { UsageError } from '../error.ts';
import { elementCount } from '../shape.ts';
import type { ElementType, RuntimeTensor, TensorSpec } from './runtime.ts';

/** The typed arrays that hold each element type; float16 as bit patterns, bool as bytes. */
const arrayNames: Readonly<Record<ElementType, string>> = {
  float32: 'Float32Array',
  uint8: 'Uint8Array',
  int32: 'Int32Array',
  int64: 'BigInt64Array',
  float16: 'Uint16Array',
  float64: 'Float64Array',
  int8: 'Int8Array',
  uint16: 'Uint16Array',
  int16: 'Int16Array',
  uint32: 'Uint32Array',
  uint64: 'BigUint64Array',
  bool: 'Uint8Array',
};

/**
 * @param where the model, for messages: `encoder.onnx`
 * @throws UsageError at the first feed that the model does not have, is missing, or is of another type or shape
 */
export function checkFeeds(
  where: string,
  inputs: readonly TensorSpec[],
  feeds: Readonly<Record<string, RuntimeTensor>>,
): void {
  const names = inputs.map((input) => input.name);
  const unknown = Object.keys(feeds).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`${where}: expected feeds of the inputs ${names.join(', ')}, got "${unknown}"`);
  const axes = new Map<string, { readonly size: number; readonly input: string }>();
  for (const input of inputs) {
    const place = `${where}: input "${input.name}"`;
    if (!Object.hasOwn(feeds, input.name)) throw new UsageError(`${place}: expected a feed, got none`);
    const { type, data, shape } = feeds[input.name];
    if (type !== input.type) throw new UsageError(`${place}: expected type ${input.type}, got ${type}`);
    if (data.constructor.name !== arrayNames[type] && !(data instanceof Uint8Array && type === 'uint8'))
      throw new UsageError(`${place}: expected ${type} in a ${arrayNames[type]}, got a ${data.constructor.name}`);
    if (shape.length !== input.shape.length)
      throw new UsageError(`${place}: expected ${input.shape.length} axes ${show(input.shape)}, got ${show(shape)}`);
    input.shape.forEach((side, axis) => {
      const size = shape[axis];
      if (!Number.isSafeInteger(size) || size < 0)
        throw new UsageError(`${place}: expected axis ${axis} to be a size, got ${size}`);
      if (typeof side === 'number') {
        if (side !== size)
          throw new UsageError(`${place}: expected shape ${show(input.shape)}, got ${show(shape)} (axis ${axis})`);
        return;
      }
      // `2*batch` is twice as long as `batch`.
      const [, factor = '1', name = side] = /^(\d+)\*(\w+)$/.exec(side) ?? [];
      const count = size / Number(factor);
      if (!Number.isInteger(count))
        throw new UsageError(`${place}: expected axis ${side} to be a multiple of ${factor}, got ${size}`);
      const seen = axes.get(name);
      if (seen === undefined) axes.set(name, { size: count, input: input.name });
      else if (seen.size !== count && side !== '')
        throw new UsageError(
          `${place}: expected axis ${side} to have the size ${seen.size * Number(factor)} that goes with "${seen.input}", got ${size}`,
        );
    });
    if (data.length !== elementCount(shape))
      throw new UsageError(
        `${place}: expected ${elementCount(shape)} elements for shape ${show(shape)}, got ${data.length}`,
      );
  }
}

function show(shape: readonly (number | string)[]): string {
  return `[${shape.map((side) => (side === '' ? '?' : side)).join(', ')}]`;
}

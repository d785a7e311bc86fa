// What files are fed with: one set of rows, or whole tensors, in the names, types and batch sizes of each file.
import { FormatError, UsageError } from '../../error.ts';
import { floatToHalf } from '../../half.ts';
import type { ElementType, RuntimeTensor, TensorData, TensorSpec } from '../../runtimes/runtime.ts';
import { elementCount } from '../../shape.ts';
import { numbersOf } from './tensor-error.ts';

export type Feeds = Readonly<Record<string, RuntimeTensor>>;

/** The inputs of one file. */
export interface FedFile {
  /** For messages. */
  readonly name: string;
  readonly inputs: readonly TensorSpec[];
}

/** Tensors under the names of the first file's inputs. */
export interface FeedSet {
  readonly tensors: ReadonlyMap<string, RuntimeTensor>;
  /** Rows along the first axes of all tensors but scalars; undefined where the tensors are fed whole. */
  readonly rows: number | undefined;
}

/**
 * How many rows a file takes at once: a number where it fixes one, `any` where it leaves its first axes open, undefined where its
 * inputs do not share one.
 */
export function batchOf({ inputs }: Pick<FedFile, 'inputs'>): number | 'any' | undefined {
  const firsts = new Set(inputs.filter(({ shape }) => shape.length > 0).map(({ shape: [first] }) => first));
  const numbers = [...firsts].filter((first) => typeof first === 'number');
  if (firsts.size === 0 || numbers.length > 1) return undefined;
  if (numbers.length === 0) return 'any';
  return firsts.size === 1 && numbers[0] > 0 ? numbers[0] : undefined;
}

/**
 * Which input of `file` takes what: by name; where names are others, by position.
 * @throws UsageError where there are more or fewer
 */
export function matchInputs(names: readonly string[], { name, inputs }: FedFile): Map<string, TensorSpec> {
  if (inputs.length !== names.length)
    throw new UsageError(
      `${name}: expected ${names.length} inputs (${names.join(', ')}), got ${inputs.length}: ${inputs.map((each) => each.name).join(', ')}`,
    );
  const isNamed = names.every((each) => inputs.some((input) => input.name === each));
  return new Map(names.map((each, i) => [each, isNamed ? byName(inputs, each, inputs[i]) : inputs[i]]));
}

function byName(inputs: readonly TensorSpec[], name: string, otherwise: TensorSpec): TensorSpec {
  return inputs.find((input) => input.name === name) ?? otherwise;
}

/** One run of a file, and how many of its rows count: the last may be filled up. */
export interface FedRun {
  readonly feeds: Feeds;
  readonly rows: number | undefined;
}

/**
 * The runs of one file.
 * @param largest rows of one run where the file leaves that open
 * @throws UsageError where the tensors do not fit the file
 */
export function* runsOf({ tensors, rows }: FeedSet, file: FedFile, largest: number): Generator<FedRun> {
  const matched = matchInputs([...tensors.keys()], file);
  const fitting = new Map(
    [...matched].map(([name, spec]) => {
      const tensor = castTensor(tensors.get(name) ?? missing(name), spec.type, `${file.name}: input "${spec.name}"`);
      requireFit(file.name, spec, tensor.shape, rows === undefined);
      return [spec.name, tensor] as const;
    }),
  );
  if (rows === undefined) {
    yield { feeds: Object.fromEntries(fitting), rows: undefined };
    return;
  }
  const batch = batchOf(file);
  if (batch === undefined)
    throw new UsageError(`${file.name}: expected inputs with one number of rows, got others`, {
      remedy: 'Give whole tensors of its shapes.',
    });
  const size = batch === 'any' ? Math.min(largest, rows) : batch;
  for (let start = 0; start < rows; start += size) {
    const count = Math.min(size, rows - start);
    const taken = batch === 'any' ? count : size;
    const feeds = [...fitting].map(([name, tensor]) => [name, takeRows(tensor, start, taken)] as const);
    yield { feeds: Object.fromEntries(feeds), rows: count };
  }
}

function missing(name: string): never {
  throw new UsageError(`inputs: expected a tensor "${name}", got none`);
}

/** Rows from `start`; where there are no more, the first ones again. A scalar stays as it is. */
function takeRows(tensor: RuntimeTensor, start: number, count: number): RuntimeTensor {
  const [rows, ...sides] = tensor.shape;
  if (rows === undefined) return tensor;
  const size = elementCount(sides);
  if (start + count <= rows)
    return { ...tensor, data: tensor.data.subarray(start * size, (start + count) * size), shape: [count, ...sides] };
  const data = allocate(tensor.type, count * size);
  for (let row = 0; row < count; row++) {
    const from = ((start + row) % rows) * size;
    copy(tensor.data.subarray(from, from + size), data, row * size);
  }
  return { ...tensor, data, shape: [count, ...sides] };
}

function requireFit(file: string, spec: TensorSpec, shape: readonly number[], isWhole: boolean): void {
  const first = isWhole ? 0 : 1;
  const fits =
    spec.shape.length === shape.length &&
    spec.shape.every((side, axis) => axis < first || typeof side === 'string' || side === shape[axis]);
  if (fits) return;
  throw new UsageError(
    `${file}: expected input "${spec.name}" of [${spec.shape.map((side) => side || '?').join(', ')}], got [${shape.join(', ')}]`,
    {
      remedy:
        'Files that take images in another layout or size are compared on a recording, which each gets in its own.',
    },
  );
}

const classes = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

export function allocate(type: ElementType, length: number): TensorData {
  return new classes[type](length);
}

/** Bytes of one element. */
export function elementBytes(type: ElementType): number {
  return classes[type].BYTES_PER_ELEMENT;
}

/** Elements from raw little-endian bytes, which must be aligned. */
export function viewElements(type: ElementType, bytes: ArrayBuffer): TensorData {
  return new classes[type](bytes);
}

function copy(source: TensorData, target: TensorData, at: number): void {
  const bytes = (array: TensorData) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  bytes(target).set(bytes(source), at * target.BYTES_PER_ELEMENT);
}

/**
 * The tensor in another element type: floating point rounded, integers where every element is one.
 * @throws FormatError where an element has no place in the type
 */
export function castTensor(tensor: RuntimeTensor, type: ElementType, where: string): RuntimeTensor {
  if (tensor.type === type) return tensor;
  const values = numbersOf(tensor);
  const data = allocate(type, values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (type === 'float16') data[i] = floatToHalf(value);
    else if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
      if (Number.isInteger(value)) data[i] = BigInt(value);
      if (Number(data[i]) !== value) throw noPlace(where, type, value);
    } else {
      data[i] = value;
      if (!type.startsWith('float') && data[i] !== value) throw noPlace(where, type, value);
    }
  }
  return { type, data, shape: tensor.shape };
}

function noPlace(where: string, type: ElementType, value: number): FormatError {
  return new FormatError(`${where}: expected numbers that ${type} holds, got ${value}`);
}

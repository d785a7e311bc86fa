// The weight files of a saved model: groups of shards, read one tensor at a time, with TensorFlow.js's quantisation undone.
import { FormatError } from '../../src/error.ts';
import { halfToFloat } from '../../src/half.ts';
import { weightFileName } from '../../src/runtimes/weight-file-name.ts';
import { type Constant, sizeOf } from '../graph/constant.ts';
import { isObject } from './config.ts';

interface Quantization {
  readonly dtype: 'uint8' | 'uint16' | 'float16';
  readonly min: number;
  readonly scale: number;
}

/** Where a tensor's bytes are, and how they are stored. */
interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly quantization: Quantization | undefined;
  readonly shards: readonly Uint8Array[];
  readonly offset: number;
  readonly byteLength: number;
}

export class WeightData {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #where: string;

  /**
   * @param manifest the `weightsManifest` of a model.json
   * @param readShard the bytes of a file beside model.json, by its plain name
   * @throws FormatError where the manifest is not one, or the files are shorter or longer than it says
   */
  constructor(manifest: unknown, readShard: (name: string) => Uint8Array, where: string) {
    if (!Array.isArray(manifest)) throw new FormatError(`${where}: expected a weightsManifest, got ${typeof manifest}`);
    this.#where = where;
    this.#entries = new Map(
      manifest.flatMap((group) => groupEntries(group, readShard, where)).map((entry) => [entry.name, entry]),
    );
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** A float32, int32 or bool tensor. */
  read(name: string): Constant {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new FormatError(`${this.#where}: expected a weight "${name}", got none`);
    const bytes = bytesOfEntry(entry);
    const { dtype, shape, quantization } = entry;
    if (quantization) return { type: dtype, shape, data: dequantized(bytes, quantization, dtype) };
    if (dtype === 'bool') return { type: 'bool', shape, data: bytes };
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
    const count = sizeOf(shape);
    const data =
      dtype === 'float32'
        ? new Float32Array(aligned.buffer, aligned.byteOffset, count)
        : new Int32Array(aligned.buffer, aligned.byteOffset, count);
    return { type: dtype, shape, data };
  }
}

const bytesPerElement = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 } as const;

function groupEntries(group: unknown, readShard: (name: string) => Uint8Array, where: string): Entry[] {
  if (!isObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights))
    throw new FormatError(
      `${where}: expected weight groups with paths and weights, got ${JSON.stringify(group)?.slice(0, 80)}`,
    );
  const shards = group.paths.map((path) => readShard(weightFileName(path, where)));
  const total = shards.reduce((sum, shard) => sum + shard.length, 0);
  let offset = 0;
  const entries = group.weights.flatMap((weight): Entry[] => {
    const { isOptimizer, ...entry } = entryOf(weight, where);
    const placed = { ...entry, shards, offset };
    offset += entry.byteLength;
    return isOptimizer ? [] : [placed];
  });
  if (offset !== total)
    throw new FormatError(`${where}: expected ${offset} bytes of weights in ${group.paths.join(', ')}, got ${total}`, {
      remedy: 'A weight file is truncated or belongs to another model.',
    });
  return entries;
}

function entryOf(weight: unknown, where: string): Omit<Entry, 'shards' | 'offset'> & { readonly isOptimizer: boolean } {
  if (!isObject(weight) || typeof weight.name !== 'string' || !Array.isArray(weight.shape))
    throw new FormatError(
      `${where}: expected weights with name, shape and dtype, got ${JSON.stringify(weight)?.slice(0, 80)}`,
    );
  const { name, shape, dtype } = weight;
  const fail = (expected: string, got: unknown): FormatError =>
    new FormatError(`${where}: weight "${name}": expected ${expected}, got ${JSON.stringify(got)}`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) throw fail('a shape', shape);
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') throw fail('dtype float32, int32 or bool', dtype);
  const quantization = weight.quantization === undefined ? undefined : quantizationOf(weight.quantization);
  if (weight.quantization !== undefined && quantization === undefined)
    throw fail('a known quantisation', weight.quantization);
  const size = sizeOf(shape);
  if (!Number.isSafeInteger(size)) throw fail('a shape of a storable size', shape);
  const byteLength = size * bytesPerElement[quantization?.dtype ?? dtype];
  return {
    name: name.replace(/:0$/, ''),
    shape,
    dtype,
    quantization,
    byteLength,
    isOptimizer: weight.group === 'optimizer',
  };
}

function quantizationOf(value: unknown): Quantization | undefined {
  if (!isObject(value)) return undefined;
  const { dtype, min = 0, scale = 1 } = value;
  if (dtype === 'float16') return { dtype, min: 0, scale: 1 };
  if ((dtype !== 'uint8' && dtype !== 'uint16') || typeof min !== 'number' || typeof scale !== 'number')
    return undefined;
  return { dtype, min, scale };
}

/** The bytes of one tensor, which may start in one shard and end in another. A view where it lies in one. */
function bytesOfEntry({ shards, offset, byteLength }: Entry): Uint8Array {
  let start = 0;
  const result = new Uint8Array(0);
  let collected: Uint8Array | undefined;
  let filled = 0;
  for (const shard of shards) {
    const from = Math.max(offset - start, 0);
    const to = Math.min(offset + byteLength - start, shard.length);
    start += shard.length;
    if (from >= to) continue;
    if (to - from === byteLength) return shard.subarray(from, to);
    collected ??= new Uint8Array(byteLength);
    collected.set(shard.subarray(from, to), filled);
    filled += to - from;
  }
  return collected ?? result;
}

/** value * scale + min in float32, as TensorFlow.js computes it; integers are rounded. */
function dequantized(
  bytes: Uint8Array,
  { dtype, min, scale }: Quantization,
  type: 'float32' | 'int32' | 'bool',
): Float32Array | Int32Array {
  const count = bytes.length / bytesPerElement[dtype];
  const result = type === 'int32' ? new Int32Array(count) : new Float32Array(count);
  if (dtype === 'uint8') {
    for (let i = 0; i < count; i++) result[i] = rounded(bytes[i] * scale + min, type);
    return result;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) {
    const stored = view.getUint16(2 * i, true);
    result[i] = rounded(dtype === 'float16' ? halfToFloat(stored) : stored * scale + min, type);
  }
  return result;
}

const rounded = (value: number, type: 'float32' | 'int32' | 'bool'): number =>
  type === 'int32' ? Math.round(value) : value;

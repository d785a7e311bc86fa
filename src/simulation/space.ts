// Checks what a simulator says of its spaces and every number that it gives, so that a mistake is named where it was made.
import { imageLayoutOf } from '../data/image/layout.ts';
import { UsageError } from '../error.ts';
import { elementCount } from '../shape.ts';
import type { ActionSpace, Choice, ObservationSpace } from './simulator.ts';

/** Smaller ones are rather tables of symbols: no encoder of images here takes them. */
export const SMALLEST_SIDE = 8;
export const LARGEST_SEED = 2 ** 31 - 1;

export function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name} of ${'length' in value ? value.length : '?'}`;
  const text = JSON.stringify(value, (_key, part) =>
    typeof part === 'number' && !Number.isFinite(part) ? String(part) : part,
  );
  if (text === undefined) return String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** @throws UsageError that names the part which is not as the contract says */
export function checkObservationSpace(where: string, value: unknown): ObservationSpace {
  const { kind, shape, size } = partsOf(value);
  if (kind === 'image' || kind === 'image-and-vector') {
    const image = checkImageShape(where, shape);
    if (kind === 'image') return { kind, shape: image };
    if (!isWhole(size, 1))
      throw new UsageError(`${where}: observation.size: expected a whole number of at least 1, got ${show(size)}`);
    return { kind, shape: image, size };
  }
  if (kind === 'vector') {
    if (!isWhole(size, 1))
      throw new UsageError(`${where}: observation.size: expected a whole number of at least 1, got ${show(size)}`);
    return { kind, size };
  }
  throw new UsageError(
    `${where}: observation: expected { kind: 'image', shape } or { kind: 'vector', size }, got ${show(value)}`,
  );
}

function checkImageShape(where: string, shape: unknown): readonly [height: number, width: number, channels: number] {
  const [height, width, channels] = Array.isArray(shape) ? shape : [];
  const areSides = [height, width].every((side) => isWhole(side, SMALLEST_SIDE)) && isWhole(channels, 1);
  if (Array.isArray(shape) && shape.length === 3 && areSides) {
    // Whoever reads the recording decides by the same rule.
    const { layout } = imageLayoutOf(shape, 'uint8') ?? {};
    if (layout === 'hwc') return [height, width, channels];
  }
  throw new UsageError(
    `${where}: observation.shape: expected [height, width, channels] with sides of at least ${SMALLEST_SIDE} and the channels last, got ${show(shape)}`,
  );
}

/** @throws UsageError that names the part which is not as the contract says */
export function checkActionSpace(where: string, value: unknown): ActionSpace {
  const { kind, names, low, high, choices } = partsOf(value);
  if (kind === 'discrete') {
    const isNamed = Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '');
    if (!isNamed || names.length < 2 || new Set(names).size < names.length)
      throw new UsageError(`${where}: action.names: expected two or more different names, got ${show(names)}`);
    return { kind, names };
  }
  if (kind === 'continuous') {
    const areBounds =
      Array.isArray(low) && Array.isArray(high) && low.length > 0 && low.length === high.length && low.every(isBelow);
    if (!areBounds)
      throw new UsageError(
        `${where}: action: expected as many finite numbers "low" as "high", each below its own, got ${show(low)} and ${show(high)}`,
      );
    return { kind, low, high, ...(choices === undefined ? {} : { choices: checkChoices(where, choices, low.length) }) };
  }
  throw new UsageError(
    `${where}: action: expected { kind: 'discrete', names } or { kind: 'continuous', low, high }, got ${show(value)}`,
  );

  function isBelow(least: unknown, i: number): boolean {
    const most: unknown = Array.isArray(high) ? high[i] : undefined;
    return Number.isFinite(least) && Number.isFinite(most) && Number(least) < Number(most);
  }
}

function checkChoices(where: string, value: unknown, size: number): readonly Choice[] {
  let end = 0;
  for (const each of Array.isArray(value) ? value : [undefined]) {
    const { offset, count } = partsOf(each);
    if (!isWhole(offset, end) || !isWhole(count, 1) || offset + count > size)
      throw new UsageError(
        `${where}: action.choices: expected { offset, count } one after the other within ${size} numbers, got ${show(value)}`,
      );
    end = offset + count;
  }
  return value as readonly Choice[];
}

/** The nearest action that is one: the largest number of each choice is 1, and the others are 0. */
export function settleChoices(numbers: readonly number[], choices: readonly Choice[] = []): number[] {
  const settled = [...numbers];
  for (const { offset, count } of choices) {
    const among = numbers.slice(offset, offset + count);
    const chosen = among.indexOf(Math.max(...among));
    for (let i = 0; i < count; i++) settled[offset + i] = i === chosen ? 1 : 0;
  }
  return settled;
}

/**
 * A copy of an observation as a recording stores it.
 * @throws UsageError where it is of another size, has bytes that are none, or numbers that are not finite
 */
export function copyObservation(
  where: string,
  space: ObservationSpace,
  value: unknown,
): Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer> {
  const size = observationSizeOf(space);
  const bytes = space.kind === 'vector' ? 0 : elementCount(space.shape);
  const expected = [
    ...(space.kind === 'vector' ? [] : [`${bytes} bytes [${space.shape.join(', ')}]`]),
    ...(space.kind === 'image' ? [] : [`${space.size} numbers`]),
  ].join(' and ');
  if (!isArrayLike(value) || value.length !== size)
    throw new UsageError(`${where}: observation: expected ${expected}, got ${describeArray(value)}`);
  if (!(value instanceof Uint8Array || value instanceof Uint8ClampedArray))
    for (let i = 0; i < bytes; i++)
      if (!isWhole(value[i], 0) || value[i] > 255)
        throw new UsageError(`${where}: observation[${i}]: expected a byte in 0..255, got ${show(value[i])}`);
  if (space.kind === 'image') return Uint8Array.from(value);
  const copy = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const number = value[i];
    // Recordings are of float32: what overflows there is not finite either.
    copy[i] = typeof number === 'number' ? number : Number.NaN;
    if (!Number.isFinite(copy[i]))
      throw new UsageError(`${where}: observation[${i}]: expected a finite number, got ${show(number)}`);
  }
  return copy;
}

/** Numbers of one observation. */
export function observationSizeOf(space: ObservationSpace): number {
  return (space.kind === 'vector' ? 0 : elementCount(space.shape)) + (space.kind === 'image' ? 0 : space.size);
}

export function isWhole(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= least;
}

export function partsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isArrayLike(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}

function describeArray(value: unknown): string {
  return Array.isArray(value) ? `an array of ${value.length}` : show(value);
}

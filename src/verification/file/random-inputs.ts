// Seeded random tensors for the inputs of files, in a range that is said; and sizes for the axes that files leave open.
import { option, UsageError } from '../../error.ts';
import { floatToHalf } from '../../half.ts';
import { type Random, randomFor } from '../../random.ts';
import type { ElementType, RuntimeTensor, TensorSpec } from '../../runtimes/runtime.ts';
import { elementCount } from '../../shape.ts';
import { allocate, batchOf, type FedFile, type FeedSet, matchInputs } from './feeds.ts';

/** Sides of open axes: of images and clips small ones that networks with strides still take, of sequences a few steps. */
const OPEN_IMAGE_SIDE = 64;
const OPEN_SIDE = 16;
const OPEN_CHANNELS = 3;
/** Token numbers that every vocabulary has. */
const SMALLEST_VOCABULARY = 100;

/** Sizes by the name of an axis (`N`), or of a whole input (`image`). */
export type ShapeChoices = ReadonlyMap<string, readonly number[]>;

export interface RandomInputsOptions {
  /** Rows where the files have a batch axis; the others are one tensor. */
  readonly rows: number;
  readonly seed: number;
  readonly shapes?: ShapeChoices | undefined;
  /** How many rows an embedding has that an integer input looks up, by the input's name, where it is known. */
  readonly vocabularies?: ReadonlyMap<string, number> | undefined;
}

/** How an axis that was open got its size. */
export interface FixedAxis {
  readonly input: string;
  readonly axis: number;
  /** As the file calls it; empty where it has no name. */
  readonly name: string;
  readonly size: number;
}

export interface DrawnInputs {
  readonly set: FeedSet;
  readonly fixed: readonly FixedAxis[];
  /** What each is drawn from, in words, by name. */
  readonly ranges: ReadonlyMap<string, string>;
}

/** @throws UsageError where a chosen shape is of no input, or does not fit one */
export function randomInputs(files: readonly FedFile[], options: RandomInputsOptions): DrawnInputs {
  const [first] = files;
  const { rows, fixed, shapes } = sizedInputs(files, options);
  const tensors = new Map<string, RuntimeTensor>();
  const ranges = new Map<string, string>();
  for (const spec of first.inputs) {
    const random = randomFor(options.seed, 'file input', spec.name);
    const { draw, range } = distributionOf(spec, options.vocabularies?.get(spec.name));
    const shape = shapes.get(spec.name) ?? [];
    tensors.set(
      spec.name,
      drawTensor(spec.type, shape, () => draw(random)),
    );
    ranges.set(spec.name, range);
  }
  return { set: { tensors, rows }, fixed, ranges };
}

/** Whether all files take rows, and the shapes of the first one's inputs with every axis fixed. */
export function sizedInputs(
  files: readonly FedFile[],
  { rows: asked, shapes = new Map() }: Pick<RandomInputsOptions, 'rows' | 'shapes'>,
): { readonly rows: number | undefined; readonly fixed: FixedAxis[]; readonly shapes: Map<string, number[]> } {
  const [first] = files;
  const names = first.inputs.map(({ name }) => name);
  const others = files.slice(1).map((file) => matchInputs(names, file));
  const isRowWise = files.every((file) => batchOf(file) !== undefined);
  requireKnown(shapes, files);
  const axes = new Set(first.inputs.flatMap(({ shape }) => shape));
  const chosen = new Map(first.inputs.map((spec) => [spec.name, chosenShape(spec, shapes, axes)]));
  const rows = isRowWise ? (chosenRows(first, chosen, shapes) ?? asked) : undefined;
  const byAxis = new Map<string, number>();
  const fixed: FixedAxis[] = [];
  const sized = new Map<string, number[]>();
  for (const spec of first.inputs) {
    const twins = others.flatMap((matched) => matched.get(spec.name) ?? []);
    const shape = spec.shape.map((side, axis) => {
      if (axis === 0 && rows !== undefined) {
        if (typeof side === 'string') fixed.push({ input: spec.name, axis, name: side, size: rows });
        return rows;
      }
      if (typeof side === 'number') return side;
      const twin = twins.map((each) => each.shape[axis]).find((each) => typeof each === 'number');
      const size =
        chosen.get(spec.name)?.[axis] ??
        shapes.get(side)?.[0] ??
        (typeof twin === 'number' ? twin : undefined) ??
        byAxis.get(side) ??
        openSide(spec, axis);
      if (side !== '') byAxis.set(side, size);
      fixed.push({ input: spec.name, axis, name: side, size });
      return size;
    });
    sized.set(spec.name, shape);
  }
  return { rows, fixed, shapes: sized };
}

function openSide({ shape }: TensorSpec, axis: number): number {
  if (axis === 0) return 1;
  if (shape.length < 4) return OPEN_SIDE;
  return axis === 1 && shape.length === 4 ? OPEN_CHANNELS : OPEN_IMAGE_SIDE;
}

function requireKnown(shapes: ShapeChoices, files: readonly FedFile[]): void {
  const inputs = files.flatMap((file) => file.inputs);
  const known = new Set([
    ...inputs.map(({ name }) => name),
    ...inputs.flatMap(({ shape }) => shape.filter((side) => typeof side === 'string' && side !== '')),
  ]);
  for (const name of shapes.keys())
    if (!known.has(name))
      throw new UsageError(
        `${option('shapes')}: expected the name of an input or of an open axis (${[...known].join(', ')}), got "${name}"`,
      );
}

function chosenShape(
  { name, shape }: TensorSpec,
  shapes: ShapeChoices,
  axes: ReadonlySet<number | string>,
): readonly number[] | undefined {
  const chosen = shapes.get(name);
  // The name of an axis may be that of an input: then one number is the axis.
  const isAxis = shapes.get(name)?.length === 1 && axes.has(name);
  if (chosen === undefined || (isAxis && shape.length !== 1)) return undefined;
  const fits =
    chosen.length === shape.length && shape.every((side, i) => typeof side === 'string' || side === chosen[i]);
  if (fits) return chosen;
  throw new UsageError(
    `${option('shapes')}: expected "${name}" as [${shape.map((side) => side || '?').join(', ')}], got [${chosen.join(', ')}]`,
  );
}

/** The rows that a chosen shape or the name of the first axis says. */
function chosenRows(
  { inputs }: FedFile,
  chosen: ReadonlyMap<string, readonly number[] | undefined>,
  shapes: ShapeChoices,
): number | undefined {
  for (const { name, shape } of inputs) {
    const [side] = shape;
    const rows = chosen.get(name)?.[0] ?? (typeof side === 'string' ? shapes.get(side)?.[0] : undefined);
    if (rows !== undefined && typeof side !== 'number') return rows;
  }
  return undefined;
}

interface Distribution {
  readonly draw: (random: Random) => number;
  readonly range: string;
}

function distributionOf({ name, type, shape }: TensorSpec, vocabulary: number | undefined): Distribution {
  if (type === 'bool') return { draw: (random) => random.integer(2), range: '0 or 1' };
  if (type.startsWith('float'))
    return shape.length >= 4
      ? { draw: (random) => random.uniform(), range: 'uniform in 0..1, as pixels are' }
      : { draw: (random) => random.normal(), range: 'normal with mean 0 and deviation 1' };
  if (/mask/i.test(name)) return { draw: () => 1, range: 'all 1: a mask' };
  if (/type_ids|segment/i.test(name)) return { draw: () => 0, range: 'all 0: one segment' };
  if (type === 'uint8' && vocabulary === undefined)
    return { draw: (random) => random.integer(256), range: 'whole numbers in 0..255' };
  const size = vocabulary ?? (type === 'int8' ? 128 : SMALLEST_VOCABULARY);
  const of = vocabulary === undefined ? '' : ', the rows of what it looks up';
  return { draw: (random) => random.integer(size), range: `whole numbers in 0..${size - 1}${of}` };
}

function drawTensor(type: ElementType, shape: readonly number[], draw: () => number): RuntimeTensor {
  const data = allocate(type, elementCount(shape));
  for (let i = 0; i < data.length; i++) {
    const value = draw();
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(value);
    else data[i] = type === 'float16' ? floatToHalf(value) : value;
  }
  return { type, data, shape };
}

// Which node introduces an error, and which ones only pass it on: every node of a file alone, fed with the reference's inputs to
// it, beside every value of the whole.
import { join } from 'node:path';
import { JepaError, UnavailableError } from '../../error.ts';
import type { RuntimeTensor } from '../../runtimes/runtime.ts';
import { makeFolder } from '../../storage/file-system.ts';
import { makeScratch, removeScratch } from '../../storage/scratch.ts';
import { allocate, castTensor, type Feeds } from '../file/feeds.ts';
import { numbersOf, partOf, scaleOf } from '../file/tensor-error.ts';
import type { BisectedValue, Bisection } from '../schema.ts';
import type { CutValue, FileGraph } from './graph.ts';
import { type Match, type MatchedValue, matchGraphs, type Unit } from './match.ts';
import { ValueStore } from './value-store.ts';
import { computeValues, type Side, weightBytes } from './walk.ts';

export interface BisectOptions {
  /** Errors above this part of a value's scale are differences. */
  readonly tolerance: number;
  /** Bytes of values and weights that are held at once. */
  readonly sliceByteLength: number;
  readonly onProgress: (line: string) => void;
}

export interface BisectInput {
  readonly reference: Side;
  readonly subject: Side;
  /** By the names of each file's own inputs. */
  readonly feeds: { readonly reference: Feeds; readonly subject: Feeds };
  /** Of the subject's inputs, the reference's. */
  readonly inputs: ReadonlyMap<string, string>;
  readonly rows: number | undefined;
}

/** A bisection with what a smaller file is made of; `dispose` removes the values from the disk. */
export interface Bisected {
  readonly bisection: Bisection;
  readonly match: Match;
  /** The reference's values. */
  readonly expected: ValueStore;
  /** The subject's values in the whole. */
  readonly got: ValueStore;
  /** Units alone, as `values` of the bisection, in the order of the graph. */
  readonly alone: readonly UnitDifference[];
  dispose(): void;
}

const MOST_UNITS = 64;
const LISTED_NODES = 20;
const LISTED_VALUES = 2000;
const LISTED_UNMATCHED = 100;

/** @throws JepaError where no value of the two files can be compared */
export async function bisect(input: BisectInput, options: BisectOptions): Promise<Bisected> {
  const { reference, subject, feeds, inputs } = input;
  const { onProgress } = options;
  const scratch = makeScratch('bisect');
  try {
    const storeOf = (name: string) => {
      makeFolder(join(scratch, name));
      return new ValueStore(join(scratch, name));
    };
    const [expected, got] = [storeOf('reference'), storeOf('subject')];
    const walk = (side: Side, fed: Feeds, store: ValueStore) =>
      computeValues(side, fed, store, {
        ...options,
        onProgress: (done, total) => onProgress(`${side.name}: ${done} of ${total} nodes`),
      });
    await walk(reference, feeds.reference, expected);
    const hidden = await walk(subject, feeds.subject, got);
    const isFloat = (store: ValueStore, name: string) => store.describe(name)?.type.startsWith('float') ?? true;
    const match = matchGraphs(reference.graph, subject.graph, inputs, {
      isThere: (name) => expected.has(name),
      isComparable: (value, of) => isFloat(got, value) === isFloat(expected, of),
    });
    if (match.units.length === 0)
      throw new JepaError(
        `bisection: expected values of ${subject.name} that ${reference.name} has too, got none that match by name or structure`,
      );
    const alone = await runUnits(subject, match, { expected, got }, options);
    const whole = alone.map(({ matched }) => wholeDifference(subject.graph, matched, { expected, got }, hidden));
    return {
      bisection: summarise(input, options, match, alone, whole),
      match,
      expected,
      got,
      alone,
      dispose: () => removeScratch(scratch),
    };
  } catch (error) {
    removeScratch(scratch);
    throw error;
  }
}

export interface Stores {
  readonly expected: ValueStore;
  readonly got: ValueStore;
}

/** How far a value is from the reference's. */
export interface Difference {
  /** Infinite where one is not finite, or the shape is another. */
  readonly error: number;
  readonly scale: number;
  /** error / scale; null where that is infinite. */
  readonly part: number | null;
  readonly reason?: string | undefined;
}

export interface UnitDifference extends Difference {
  readonly unit: Unit;
  readonly matched: MatchedValue;
}

export function exceeds({ part }: Pick<Difference, 'part'>, tolerance: number): boolean {
  return part === null || part > tolerance;
}

/** Compares two tensors that should be the same, whatever their element types. */
export function differenceOf(expected: RuntimeTensor, got: RuntimeTensor): Difference {
  const [a, b] = [numbersOf(expected), numbersOf(got)];
  const scale = scaleOf(a);
  if (expected.shape.join() !== got.shape.join())
    return {
      error: Number.POSITIVE_INFINITY,
      scale,
      part: null,
      reason: `expected shape [${expected.shape.join(', ')}], got [${got.shape.join(', ')}]`,
    };
  let error = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    // The same infinity, or NaN, on both is no difference between them.
    if (Number.isNaN(difference)) error = Object.is(a[i], b[i]) ? error : Number.POSITIVE_INFINITY;
    else if (difference > error) error = difference;
  }
  return { error, scale, part: partOf(error, scale) };
}

/** A value in the form in which a file has it: cast, or quantised as its own operator would. */
export function asValue(
  graph: FileGraph,
  tensor: RuntimeTensor,
  matched: MatchedValue,
  got: ValueStore,
): RuntimeTensor {
  const type = got.describe(matched.value)?.type ?? tensor.type;
  const { quantization } = matched;
  if (quantization === undefined || tensor.type === type) return castTensor(tensor, type, `value "${matched.value}"`);
  const [scale, zeroPoint] = quantizationOf(graph, quantization);
  const values = numbersOf(tensor);
  const data = allocate(type, values.length);
  const [low, high] = type === 'int8' ? [-128, 127] : [0, 255];
  for (let i = 0; i < values.length; i++)
    data[i] = Math.min(high, Math.max(low, roundToEven(values[i] / scale) + zeroPoint));
  return { type, data, shape: tensor.shape };
}

/**
 * What a unit is fed with: the reference's value; but for the file's own inputs, which may have another layout or type than the
 * reference's and are of the same observations.
 */
export function fedValue(graph: FileGraph, matched: MatchedValue, { expected, got }: Stores): RuntimeTensor {
  if (graph.inputs.includes(matched.value)) return got.get(matched.value);
  return asValue(graph, expected.get(matched.reference), matched, got);
}

/** A value as the numbers that it stands for. */
export function asNumbers(graph: FileGraph, tensor: RuntimeTensor, { quantization }: MatchedValue): RuntimeTensor {
  if (quantization === undefined || tensor.type.startsWith('float')) return tensor;
  const [scale, zeroPoint] = quantizationOf(graph, quantization);
  const data = Float32Array.from(numbersOf(tensor), (value) => (value - zeroPoint) * scale);
  return { type: 'float32', data, shape: tensor.shape };
}

function quantizationOf(graph: FileGraph, names: NonNullable<MatchedValue['quantization']>): [number, number] {
  const [scale, zeroPoint] = [graph.constant(names.scale), graph.constant(names.zeroPoint)];
  if (scale === undefined || scale.data.length !== 1)
    throw new JepaError(`bisection: expected one scale "${names.scale}" among the weights, got none`);
  return [numbersOf(scale)[0], zeroPoint === undefined ? 0 : numbersOf(zeroPoint)[0]];
}

function roundToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Every unit alone, several in one model: none of them reads what another gives. */
async function runUnits(
  side: Side,
  { units }: Match,
  stores: Stores,
  { sliceByteLength, onProgress }: BisectOptions,
): Promise<UnitDifference[]> {
  const found: UnitDifference[] = [];
  let size = MOST_UNITS;
  for (let done = 0; done < units.length; ) {
    const taken = fitting(side.graph, units.slice(done, done + size), stores, sliceByteLength);
    try {
      found.push(...(await runSlice(side, taken, stores)));
      done += taken.length;
      size = Math.min(MOST_UNITS, size * 2);
      onProgress(`${side.name}: ${done} of ${units.length} nodes alone`);
    } catch (error) {
      if (!(error instanceof JepaError) || error instanceof UnavailableError) throw error;
      if (taken.length > 1) {
        size = Math.floor(taken.length / 2);
        continue;
      }
      for (const matched of taken[0].outputs)
        found.push({
          unit: taken[0],
          matched,
          error: Number.POSITIVE_INFINITY,
          scale: 0,
          part: null,
          reason: `it does not run on the reference's inputs: ${error.message}`,
        });
      done += 1;
    }
  }
  return found;
}

/** The first units whose values and weights fit, at least one. */
function fitting(graph: FileGraph, units: readonly Unit[], { expected }: Stores, byteLength: number): Unit[] {
  let sum = 0;
  const end = units.findIndex(({ nodes, inputs, outputs }, i) => {
    for (const { reference } of [...inputs, ...outputs]) sum += expected.describe(reference)?.byteLength ?? 0;
    for (const place of nodes) sum += weightBytes(graph, graph.nodes[place]);
    return i > 0 && sum > byteLength;
  });
  return units.slice(0, end < 0 ? units.length : end);
}

async function runSlice(side: Side, units: readonly Unit[], stores: Stores): Promise<UnitDifference[]> {
  const { graph } = side;
  const inputs = new Map<string, CutValue>();
  const feeds: Record<string, RuntimeTensor> = {};
  const parts = units.map(({ nodes, inputs: taken }, k) => {
    const rename = new Map<string, string>();
    for (const place of nodes)
      for (const name of graph.nodes[place].outputs) if (name !== '') rename.set(name, `${k}:${name}`);
    for (const matched of taken) {
      const tensor = fedValue(graph, matched, stores);
      const isShared = matched.quantization === undefined && !graph.inputs.includes(matched.value);
      const name = `${matched.reference}:${tensor.type}${isShared ? '' : matched.value}`;
      rename.set(matched.value, name);
      inputs.set(name, { name, type: tensor.type, shape: tensor.shape });
      feeds[name] = tensor;
    }
    return { nodes, rename };
  });
  const outputs = units.flatMap((unit, k) =>
    unit.outputs.map((matched) => ({ unit, matched, name: `${k}:${matched.value}` })),
  );
  const model = graph.cut({ parts, inputs: [...inputs.values()], outputs: outputs.map(({ name }) => ({ name })) });
  const values = await side.run(model, feeds);
  return outputs.map(({ unit, matched, name }) => ({
    unit,
    matched,
    ...differenceOf(stores.expected.get(matched.reference), asNumbers(graph, values[name], matched)),
  }));
}

function wholeDifference(
  graph: FileGraph,
  matched: MatchedValue,
  { expected, got }: Stores,
  hidden: ReadonlyMap<string, string>,
): Difference {
  if (got.has(matched.value))
    return differenceOf(expected.get(matched.reference), asNumbers(graph, got.get(matched.value), matched));
  const reason = hidden.get(matched.value) ?? 'it was not computed';
  return { error: Number.POSITIVE_INFINITY, scale: 0, part: null, reason };
}

function summarise(
  { reference, subject, rows }: BisectInput,
  { tolerance }: BisectOptions,
  { unmatched }: Match,
  alone: readonly UnitDifference[],
  whole: readonly Difference[],
): Bisection {
  const values = alone.map((each, i): BisectedValue => {
    const { name: node, operator } = subject.graph.nodes[each.unit.node];
    const reason = each.reason ?? whole[i].reason;
    return {
      node,
      operator,
      value: each.matched.value,
      introduced: each.part,
      total: whole[i].part,
      ...(reason === undefined ? {} : { reason }),
    };
  });
  const sizeOf = (part: number | null) => part ?? Number.POSITIVE_INFINITY;
  const introducing = values
    .filter(({ introduced }) => exceeds({ part: introduced }, tolerance))
    .sort((a, b) => (sizeOf(a.introduced) === sizeOf(b.introduced) ? 0 : sizeOf(b.introduced) - sizeOf(a.introduced)));
  const differing = whole.flatMap((each, i) => (exceeds(each, tolerance) ? [i] : []));
  const named = (i: number): NonNullable<Bisection['first']> => {
    const { node, operator, value } = values[i];
    return {
      node,
      operator,
      value,
      error: Number.isFinite(whole[i].error) ? whole[i].error : null,
      scale: whole[i].scale,
    };
  };
  let worst: number | undefined;
  whole.forEach(({ part }, i) => {
    if (part !== 0 && (worst === undefined || sizeOf(part) > sizeOf(whole[worst].part))) worst = i;
  });
  return {
    between: [reference.name, subject.name],
    tolerance,
    observations: rows ?? 0,
    compared: values.length,
    first: differing.length === 0 ? null : named(differing[0]),
    worst: worst === undefined ? null : named(worst),
    introducing: introducing.slice(0, LISTED_NODES),
    introducingCount: introducing.length,
    passingOn: differing.filter((i) => !exceeds(alone[i], tolerance)).length,
    values: values.slice(0, LISTED_VALUES),
    unmatched: unmatched.slice(0, LISTED_UNMATCHED),
    unmatchedCount: unmatched.length,
  };
}

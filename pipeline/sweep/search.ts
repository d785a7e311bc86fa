// The configurations of a sweep: every combination of a grid, draws of a random search, or a list.
import { UsageError } from '../../src/error.ts';
import { type Random, randomFor } from '../../src/random.ts';
import type { Distribution, SweepSpecification } from './specification.ts';

/** One configuration of a sweep: its name, which is part of paths, and the keys that it sets. */
export interface SweepPoint {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** More are no search but an accident of a grid. */
const MAXIMAL_POINTS = 10_000;

/** @throws UsageError where names of a list repeat, or a grid has more than 10,000 combinations */
export function pointsOf(where: string, { grid, random, list }: SweepSpecification): SweepPoint[] {
  if (list !== undefined) return pointsOfList(where, list);
  const points = grid === undefined ? drawPoints(random) : combine(where, grid);
  const digits = Math.max(3, String(points.length - 1).length);
  return points.map((parameters, index) => ({ name: String(index).padStart(digits, '0'), parameters }));
}

function pointsOfList(where: string, list: NonNullable<SweepSpecification['list']>): SweepPoint[] {
  const names = new Set<string>();
  return list.map(({ name, evaluate: _, ...parameters }) => {
    if (names.has(name)) throw new UsageError(`${where}: list: expected each name once, got "${name}" twice`);
    names.add(name);
    return { name, parameters };
  });
}

/** The last key varies fastest. */
function combine(where: string, grid: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown>[] {
  const size = Object.values(grid).reduce((product, values) => product * values.length, 1);
  if (size > MAXIMAL_POINTS)
    throw new UsageError(`${where}: grid: expected at most ${MAXIMAL_POINTS} combinations, got ${size}`, {
      remedy: 'Draw from it instead: random, with samples.',
    });
  return Object.entries(grid).reduce<Record<string, unknown>[]>(
    (points, [key, values]) => points.flatMap((point) => values.map((value) => ({ ...point, [key]: value }))),
    [{}],
  );
}

/** Each value is a function of the seed, the key and its number alone: more samples leave the first ones as they are. */
function drawPoints(search: SweepSpecification['random']): Record<string, unknown>[] {
  if (search === undefined) return [];
  const { samples, seed, parameters } = search;
  return Array.from({ length: samples }, (_, sample) =>
    Object.fromEntries(
      Object.entries(parameters).map(([key, from]) => [key, draw(from, randomFor(seed, 'sweep', key, sample))]),
    ),
  );
}

function draw(from: Distribution, random: Random): unknown {
  if ('choice' in from) return from.choice[random.integer(from.choice.length)];
  if ('integer' in from) return from.integer[0] + random.integer(from.integer[1] - from.integer[0] + 1);
  if ('uniform' in from) return between(from.uniform, random);
  const [low, high] = from.log;
  return short(Math.exp(between([Math.log(low), Math.log(high)], random)));
}

function between([low, high]: readonly [number, number], random: Random): number {
  return short(low + (high - low) * random.uniform());
}

/** Six significant digits, as a person would type it and as every table can show it. */
function short(value: number): number {
  return Number(value.toPrecision(6));
}

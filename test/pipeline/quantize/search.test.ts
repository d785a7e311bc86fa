// The search on made-up graphs: units whose errors add up, so that what must stay in float32 is known.
import { describe, expect, test } from 'vitest';
import type { Level } from '../../../export/index.ts';
import { type Levels, type SearchOptions, searchLevels, type Trial } from '../../../pipeline/quantize/search.ts';

interface MadeUp {
  readonly bytes: number;
  readonly errors: Readonly<Record<Level, number>>;
}

const harmless: MadeUp = { bytes: 100, errors: { int8: 0.02, weights: 0.01, half: 0, float: 0 } };
const tolerance = 1;

function measuring(
  units: Readonly<Record<string, MadeUp>>,
): Pick<SearchOptions, 'measure' | 'measureAlone'> & { count: number } {
  const levelBytes = { int8: 1.1, weights: 1, half: 2, float: 4 };
  const errorOf = (levels: Levels) =>
    Object.entries(units).reduce((sum, [name, { errors }]) => sum + errors[levels.get(name) ?? 'float'], 0);
  const made = {
    count: 0,
    measureAlone: async (levels: Levels) => ({ largestError: errorOf(levels), tolerance, certifiedAccuracy: 1 }),
    async measure(levels: Levels, step: string): Promise<Trial> {
      made.count++;
      const largestError = errorOf(levels);
      const bytes = Object.entries(units).reduce(
        (sum, [name, unit]) => sum + unit.bytes * levelBytes[levels.get(name) ?? 'float'],
        0,
      );
      const holds = largestError < tolerance;
      return {
        levels,
        step,
        bytes,
        milliseconds: 1,
        verdict: holds ? 'distinct' : 'coarse',
        largestError,
        tolerance,
        margin: tolerance - largestError,
        holds,
        certifiedAccuracy: 1,
        accuracy: 1,
        separation: 1,
      };
    },
  };
  return made;
}

async function search(units: Readonly<Record<string, MadeUp>>, prefer: 'size' | 'time') {
  const searched = Object.entries(units).map(([name, { bytes }]) => ({ name, bytes }));
  const measure = measuring(units);
  const result = await searchLevels(searched, { prefer, isGood: ({ holds }) => holds, ...measure });
  return { ...result, kept: [...result.last.levels].filter(([, level]) => level !== 'int8') };
}

const many = (count: number, unit: MadeUp) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, unit]));

describe('what stays in float32', () => {
  test('exactly the one node that destroys the classes', async () => {
    const destroyer: MadeUp = { bytes: 100, errors: { int8: 5, weights: 3, half: 0, float: 0 } };
    expect((await search({ ...many(12, harmless), bad: destroyer }, 'time')).kept).toEqual([['bad', 'float']]);
    expect((await search({ ...many(12, harmless), bad: destroyer }, 'size')).kept).toEqual([['bad', 'half']]);
  });

  test('where bytes count, a node whose products destroy the classes still has its weight in 8 bits', async () => {
    const products: MadeUp = { bytes: 100, errors: { int8: 5, weights: 0.01, half: 0, float: 0 } };
    expect((await search({ ...many(5, harmless), bad: products }, 'size')).kept).toEqual([['bad', 'weights']]);
    expect((await search({ ...many(5, harmless), bad: products }, 'time')).kept).toEqual([['bad', 'float']]);
  });

  test('nothing, where everything in 8 bits is borne', async () => {
    const result = await search(many(6, harmless), 'time');
    expect(result.kept).toEqual([]);
    expect(result.trials).toHaveLength(1);
  });

  test('no more than it takes: each of the kept would break the certificate', async () => {
    const units = Object.fromEntries(
      [0.5, 0.31, 0.3, 0.2, 0.1, 0.05].map((error, i) => [
        `n${i}`,
        { bytes: 10, errors: { int8: error, weights: error / 2, half: 0, float: 0 } },
      ]),
    );
    const { last, kept } = await search(units, 'time');
    expect(last.holds).toBe(true);
    for (const [name] of kept) expect(last.largestError + units[name].errors.int8).toBeGreaterThanOrEqual(tolerance);
  });

  test('what one node alone takes is told as a share of what is borne', async () => {
    const { sensitivities } = await search(
      { a: harmless, b: { ...harmless, errors: { ...harmless.errors, int8: 0.5 } } },
      'time',
    );
    expect(sensitivities).toEqual([
      { name: 'a', level: 'int8', largestError: 0.02, lostMargin: 0.02, certifiedAccuracy: 1 },
      { name: 'b', level: 'int8', largestError: 0.5, lostMargin: 0.5, certifiedAccuracy: 1 },
    ]);
  });
});

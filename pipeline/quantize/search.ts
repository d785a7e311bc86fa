// Which units of a graph stay in float32: by what each one alone takes from the margin of the classes. Knows nothing of
// graphs: it gives levels out and takes measurements.
import type { Level } from '../../export/index.ts';
import type { Headroom } from '../../src/measures/bound/headroom.ts';

export type Levels = ReadonlyMap<string, Level>;

/** A choice of levels, measured. */
export interface Trial extends Headroom {
  readonly levels: Levels;
  /** Of the file. */
  readonly bytes: number;
  /** Of one observation, in one pass: a rough time, compared again before it decides. */
  readonly milliseconds: number;
  /** What the search was doing. */
  readonly step: string;
}

/** A unit as the search sees it. */
export interface SearchedUnit {
  readonly name: string;
  /** Of its weight in float32; 0 where it has none. */
  readonly bytes: number;
}

/** What one unit alone does to the latents. */
export interface Sensitivity {
  readonly name: string;
  /** At this level, all others in float32. */
  readonly level: 'int8' | 'weights';
  readonly largestError: number;
  /** Share of the borne error that it takes. */
  readonly lostMargin: number;
  readonly certifiedAccuracy: number;
}

export interface SearchOptions {
  /** Weights that cannot be computed with in 8 bits are still stored in 8 where it is bytes that count. */
  readonly prefer: 'size' | 'time';
  /** Whether a trial is good enough. */
  readonly isGood: (trial: Trial) => boolean;
  readonly measure: (levels: Levels, step: string) => Promise<Trial>;
  /** Of one unit alone, where the verdict is not asked for. */
  readonly measureAlone: (
    levels: Levels,
  ) => Promise<Pick<Headroom, 'largestError' | 'tolerance' | 'certifiedAccuracy'>>;
  readonly onProgress?: ((line: string) => void) | undefined;
}

export interface SearchResult {
  readonly sensitivities: readonly Sensitivity[];
  readonly trials: readonly Trial[];
  /** Where the search ended: as many units in 8 bits as it found to be good. */
  readonly last: Trial;
}

/**
 * Greedy, in the order of the margin that each unit alone takes: the fewest of them, from the worst on, are raised until the
 * whole is good; then each of the raised is lowered again where the whole bears it, the most harmless first. A unit is raised
 * from `int8` to `float`; where bytes count, first to `weights`, then, by the margin a byte, to `half` and at last to `float`.
 */
export async function searchLevels(units: readonly SearchedUnit[], options: SearchOptions): Promise<SearchResult> {
  const { prefer, isGood, onProgress = () => {} } = options;
  const trials: Trial[] = [];
  const seen = new Map<string, Trial>();
  const measure = async (levels: Levels, step: string): Promise<Trial> => {
    const key = units.map(({ name }) => levels.get(name)).join();
    const known = seen.get(key);
    if (known) return known;
    const trial = await options.measure(levels, step);
    seen.set(key, trial);
    trials.push(trial);
    return trial;
  };
  const all = await measure(new Map(units.map(({ name }) => [name, 'int8'])), 'all in 8 bits');
  const sensitivities = await sensitivitiesOf(units, 'int8', options);
  let best = all;
  let order = ordered(units, sensitivities, 'int8', false);
  for (const level of prefer === 'size' ? (['weights', 'half', 'float'] as const) : (['float'] as const)) {
    if (isGood(best) && !(level === 'weights')) break;
    if (level === 'half') {
      sensitivities.push(...(await sensitivitiesOf(units, 'weights', options)));
      order = ordered(units, sensitivities, 'weights', true);
    }
    best = await raise(order, best, level);
  }
  best = await lowerAgain(best);
  return { sensitivities, trials, last: best };

  /** The fewest of `order`, from its front, whose raising is good; all of them, where no fewer are. */
  async function raise(from: readonly SearchedUnit[], start: Trial, level: Level): Promise<Trial> {
    const raised = (count: number): Levels =>
      new Map([
        ...start.levels,
        ...from.slice(0, count).map(({ name, bytes }) => [name, bytes === 0 ? ('float' as const) : level] as const),
      ]);
    let [low, high] = [0, from.length];
    let found = await measure(raised(high), `all as ${levelNames[level]}`);
    if (isGood(start)) return start;
    if (!isGood(found)) return found;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      onProgress(`${middle} of ${from.length} as ${levelNames[level]}`);
      const trial = await measure(raised(middle), `${middle} of ${from.length} as ${levelNames[level]}`);
      if (isGood(trial)) [high, found] = [middle, trial];
      else low = middle;
    }
    return found;
  }

  async function lowerAgain(from: Trial): Promise<Trial> {
    let kept = from;
    if (!isGood(kept)) return kept;
    for (const { name, bytes } of [...order].reverse()) {
      const own = kept.levels.get(name) ?? 'float';
      const lower = levels.slice(0, levels.indexOf(own)).filter((level) => {
        const isOffered = level === 'int8' || (prefer === 'size' && bytes > 0);
        // What is too much alone is too much with others.
        const alone = sensitivities.find((each) => each.name === name && each.level === level);
        return isOffered && !(alone !== undefined && alone.lostMargin >= 1);
      });
      for (const level of lower) {
        onProgress(`${name} back to ${levelNames[level]}`);
        const trial = await measure(new Map([...kept.levels, [name, level]]), `${name} back to ${levelNames[level]}`);
        if (!isGood(trial)) continue;
        kept = trial;
        break;
      }
    }
    return kept;
  }
}

/** From the cheapest on. */
const levels: readonly Level[] = ['int8', 'weights', 'half', 'float'];

/** What becomes of a unit at a level, in words. */
export const levelNames: Readonly<Record<Level, string>> = {
  int8: '8 bits',
  weights: 'weights in 8 bits',
  half: 'weights in 16 bits',
  float: 'float32',
};

/** By what each takes of the margin at a level, the most first; where bytes count, by what it takes a byte. */
function ordered(
  units: readonly SearchedUnit[],
  sensitivities: readonly Sensitivity[],
  level: Level,
  isByByte: boolean,
): SearchedUnit[] {
  const taken = new Map(
    sensitivities.filter((each) => each.level === level).map((each) => [each.name, each.lostMargin]),
  );
  const worth = ({ name, bytes }: SearchedUnit): number => (taken.get(name) ?? 0) / (isByByte ? Math.max(1, bytes) : 1);
  return [...units].sort((a, b) => worth(b) - worth(a));
}

async function sensitivitiesOf(
  units: readonly SearchedUnit[],
  level: 'int8' | 'weights',
  { measureAlone, onProgress }: SearchOptions,
): Promise<Sensitivity[]> {
  const found: Sensitivity[] = [];
  for (const [i, { name, bytes }] of units.entries()) {
    if (level === 'weights' && bytes === 0) continue;
    onProgress?.(`${i + 1}/${units.length} ${name} alone in 8 bits`);
    const levels: Levels = new Map(units.map((unit) => [unit.name, unit.name === name ? level : 'float']));
    const { largestError, tolerance, certifiedAccuracy } = await measureAlone(levels);
    found.push({ name, level, largestError, lostMargin: largestError / tolerance, certifiedAccuracy });
  }
  return found;
}

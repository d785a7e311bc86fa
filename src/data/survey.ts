// One pass over what was recorded: means, deviations and ranges for normalisation, and everything that is odd. Images are
// sampled, all other columns are read whole. The result is plain JSON, kept with a run.
import { numberAt } from './element.ts';
import { isImageColumn } from './image/recording.ts';
import { type Column, type Recording, rowSizeOf } from './recording.ts';

/** Rows that a column is read in; also bounds memory. */
const ROWS_AT_ONCE = 4096;
const BYTES_AT_ONCE = 16 * 1024 ** 2;
/** Images that statistics are taken from, spread evenly: a mean over pixels is exact to a fraction of a grey level long before. */
const SAMPLED_IMAGES = 512;
/** Odd values that are listed; all are counted. */
const LISTED_ODDITIES = 10;

export interface Oddity {
  readonly episode: number;
  /** Row within the episode. */
  readonly row: number;
  /** `NaN`, `Infinity`, or the number that is out of bounds. */
  readonly value: string;
}

/** Statistics of each number of a row; of each channel for images. */
export interface ColumnSurvey {
  /** Rows that were looked at. */
  readonly rowCount: number;
  readonly mean: readonly number[];
  /** Standard deviation of the population. */
  readonly deviation: readonly number[];
  readonly minimum: readonly number[];
  readonly maximum: readonly number[];
  /** Whether every number is an integer. */
  readonly isWhole: boolean;
  /** Whether every number is 0 or 1. */
  readonly isBinary: boolean;
  readonly oddityCount: number;
  /** The first few. */
  readonly oddities: readonly Oddity[];
  /** Episodes with a number that is not finite, in order. */
  readonly oddEpisodes: readonly number[];
}

/** Rows of one episode. */
export interface RowRange {
  readonly episode: number;
  /** First row within the episode. */
  readonly from: number;
  /** The row after the last. */
  readonly to: number;
  /** Whether mean and deviation are taken of these rows; everything else is of all rows. */
  readonly isAveraged: boolean;
}

/** Looks at the rows of a column. Values that are not finite, or out of the column's bounds, are oddities. */
export async function surveyColumn(
  recording: Recording,
  column: Column,
  ranges: readonly RowRange[],
): Promise<ColumnSurvey> {
  const isImage = isImageColumn(column);
  const size = isImage ? column.shape[2] : Math.max(1, rowSizeOf(column));
  const tally = createTally(size);
  const oddities: Oddity[] = [];
  const oddEpisodes = new Set<number>();
  let oddityCount = 0;
  let rowCount = 0;
  const rowBytes = rowSizeOf(column) * 8;
  const atOnce = Math.max(1, Math.min(ROWS_AT_ONCE, Math.floor(BYTES_AT_ONCE / Math.max(1, rowBytes))));
  for (const { episode, from, to, isAveraged } of isImage ? sampleRanges(ranges) : ranges)
    for (let row = from; row < to; row += atOnce) {
      const end = Math.min(to, row + atOnce);
      const values = await recording.read(column.name, column.starts[episode] + row, column.starts[episode] + end);
      rowCount += end - row;
      const perRow = values.length / (end - row);
      for (let i = 0; i < values.length; i++) {
        const value = numberAt(values, i);
        const place = i % size;
        const isNumber = Number.isFinite(value);
        if (isNumber) tally.add(place, value, isAveraged);
        else oddEpisodes.add(episode);
        if (isNumber && isWithin(column, place, value)) continue;
        if (++oddityCount <= LISTED_ODDITIES)
          oddities.push({ episode, row: row + Math.floor(i / perRow), value: String(value) });
      }
    }
  return { rowCount, ...tally.result(), oddityCount, oddities, oddEpisodes: [...oddEpisodes].sort((a, b) => a - b) };
}

function isWithin({ bounds }: Column, place: number, value: number): boolean {
  if (bounds === undefined) return true;
  const at = (numbers: readonly number[]) => numbers[numbers.length === 1 ? 0 : place] ?? Number.NaN;
  // NaN where there is no bound: nothing is out of it.
  return !(value < at(bounds.low) || value > at(bounds.high));
}

/** Single rows, spread evenly over all that are averaged. */
function sampleRanges(all: readonly RowRange[]): RowRange[] {
  const ranges = all.filter(({ isAveraged }) => isAveraged);
  const total = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  if (total <= SAMPLED_IMAGES) return [...ranges];
  const sampled: RowRange[] = [];
  let before = 0;
  for (const { episode, from, to } of ranges) {
    for (;;) {
      const wanted = Math.floor((sampled.length * total) / SAMPLED_IMAGES) - before;
      if (sampled.length >= SAMPLED_IMAGES || wanted >= to - from) break;
      sampled.push({ episode, from: from + wanted, to: from + wanted + 1, isAveraged: true });
    }
    before += to - from;
  }
  return sampled;
}

/** Running mean and sum of squared deviations (Welford 1962), which loses nothing where the mean is far from 0. */
function createTally(size: number): {
  add(place: number, value: number, isAveraged: boolean): void;
  result(): Pick<ColumnSurvey, 'mean' | 'deviation' | 'minimum' | 'maximum' | 'isWhole' | 'isBinary'>;
} {
  const count = new Float64Array(size);
  const mean = new Float64Array(size);
  const squares = new Float64Array(size);
  const minimum = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  const maximum = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  let isWhole = true;
  let isBinary = true;
  return {
    add(place, value, isAveraged) {
      if (isAveraged) {
        count[place]++;
        const difference = value - mean[place];
        mean[place] += difference / count[place];
        squares[place] += difference * (value - mean[place]);
      }
      if (value < minimum[place]) minimum[place] = value;
      if (value > maximum[place]) maximum[place] = value;
      if (!Number.isInteger(value)) isWhole = false;
      if (value !== 0 && value !== 1) isBinary = false;
    },
    result() {
      // Where there was no value, JSON has no infinity to say so.
      const finite = (values: Float64Array) => Array.from(values, (value) => (Number.isFinite(value) ? value : 0));
      return {
        mean: finite(mean),
        deviation: Array.from(squares, (sum, i) => (count[i] === 0 ? 0 : Math.sqrt(sum / count[i]))),
        minimum: finite(minimum),
        maximum: finite(maximum),
        isWhole,
        isBinary,
      };
    },
  };
}

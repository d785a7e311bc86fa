// The order in which sequences of a recording are drawn: a function of the seed and of a sequence's number alone, so that a
// resumed run sees what it would have seen, and one that reads each stored block once an epoch. Blocks are permuted, then
// gathered into windows that fit into memory; within a window all sequences are permuted.
import { permutation, randomFor } from '../random.ts';

export interface DrawnSequence {
  readonly block: number;
  /** Which of the block's sequences. */
  readonly index: number;
  /** Counts on over epochs. */
  readonly window: number;
}

export interface ShuffledOrder {
  /** Sequences of an epoch. */
  readonly sequenceCount: number;
  readonly windowsPerEpoch: number;
  at(n: number): DrawnSequence;
  blocksOf(window: number): readonly number[];
}

export interface ShuffledOrderOptions {
  /** Sequences of each block. */
  readonly blockSizes: readonly number[];
  /** Blocks that are in memory together. */
  readonly blocksPerWindow: number;
  readonly seed: number;
  readonly stream: string;
}

export function shuffledOrder({ blockSizes, blocksPerWindow, seed, stream }: ShuffledOrderOptions): ShuffledOrder {
  const sequenceCount = blockSizes.reduce((sum, size) => sum + size, 0);
  const windowsPerEpoch = Math.ceil(blockSizes.length / blocksPerWindow);

  const epochAt = remember(2, (epoch) => {
    const blocks = permutation(blockSizes.length, randomFor(seed, stream, 'blocks', epoch));
    // First sequence of each window within the epoch.
    const starts = [0];
    for (let first = 0; first < blocks.length; first += blocksPerWindow) {
      let size = 0;
      for (const block of blocks.subarray(first, first + blocksPerWindow)) size += blockSizes[block];
      starts.push(starts[starts.length - 1] + size);
    }
    return { blocks, starts };
  });
  const blocksOf = (window: number): readonly number[] => {
    const first = (window % windowsPerEpoch) * blocksPerWindow;
    return Array.from(epochAt(Math.floor(window / windowsPerEpoch)).blocks.subarray(first, first + blocksPerWindow));
  };
  const windowAt = remember(2, (window) => {
    const blocks = blocksOf(window);
    const size = blocks.reduce((sum, block) => sum + blockSizes[block], 0);
    const owners = new Int32Array(size);
    const indices = new Int32Array(size);
    let next = 0;
    for (const block of blocks)
      for (let index = 0; index < blockSizes[block]; index++, next++) {
        owners[next] = block;
        indices[next] = index;
      }
    return { owners, indices, order: permutation(size, randomFor(seed, stream, 'window', window)) };
  });

  return {
    sequenceCount,
    windowsPerEpoch,
    blocksOf,
    at(n) {
      const epoch = Math.floor(n / sequenceCount);
      const rest = n - epoch * sequenceCount;
      const { starts } = epochAt(epoch);
      let inEpoch = 0;
      while (starts[inEpoch + 1] <= rest) inEpoch++;
      const window = epoch * windowsPerEpoch + inEpoch;
      const { owners, indices, order } = windowAt(window);
      const place = order[rest - starts[inEpoch]];
      return { block: owners[place], index: indices[place], window };
    },
  };
}

/** Keeps the newest few results of a function of a number. */
function remember<Value>(count: number, compute: (key: number) => Value): (key: number) => Value {
  const known = new Map<number, Value>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = compute(key);
    known.set(key, value);
    for (const old of known.keys()) {
      if (known.size <= count) break;
      known.delete(old);
    }
    return value;
  };
}

// The three passes of a streamed evaluation over parts of the rows, as shards make them.
import type { LatentBlock } from '../../../src/measures/stream/block.ts';
import { Closest, gapBracket } from '../../../src/measures/stream/closest.ts';
import { Comparison } from '../../../src/measures/stream/comparison.ts';
import { Moments, type StreamOptions } from '../../../src/measures/stream/moments.ts';
import { measureStreamed } from '../../../src/measures/stream/result.ts';

/** Rows before they are cut into blocks; -1: of no class. */
export interface Rows {
  /** [N, D] */
  readonly values: Float32Array;
  readonly labels: Int32Array;
  readonly judged: Uint8Array;
}

export function blocksOf({ values, labels, judged }: Rows, rows: number): LatentBlock[] {
  const size = values.length / labels.length;
  return Array.from({ length: Math.ceil(labels.length / rows) }, (_, b) => {
    const [first, end] = [b * rows, Math.min(labels.length, (b + 1) * rows)];
    return {
      first,
      values: values.subarray(first * size, end * size),
      labels: labels.subarray(first, end),
      judged: judged.subarray(first, end),
    };
  });
}

interface Pass {
  add(block: LatentBlock): void;
  stored(): Map<string, { readonly values: unknown }>;
  merge(arrays: ReadonlyMap<string, { readonly values: unknown }>): void;
}

/** The pass over parts of the blocks, each in its own order, merged in the order of the parts. */
function over<Kind extends Pass>(parts: readonly (readonly LatentBlock[])[], create: () => Kind): Kind {
  const merged = create();
  for (const part of parts) {
    const own = create();
    for (const block of part) own.add(block);
    merged.merge(own.stored());
  }
  return merged;
}

export function stream(parts: readonly (readonly LatentBlock[])[], options: StreamOptions) {
  const moments = over(parts, () => new Moments(options));
  const first = moments.result();
  const comparison = over(parts, () => new Comparison(options, first));
  const closest = over(parts, () => new Closest(options, first, comparison));
  const measures = measureStreamed(options, first, comparison, closest.result());
  return { moments, first, comparison, closest, measures, before: gapBracket(options, comparison) };
}

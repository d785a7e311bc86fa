// A recording out of arrays, which counts how often each row is read.
import type { ElementArray, ElementType } from '../../src/data/element.ts';
import type { Column, Recording, Roles } from '../../src/data/recording.ts';

export interface MemoryColumn {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Rows of each episode. */
  readonly lengths: readonly number[];
  readonly values: ElementArray;
  readonly rowsPerChunk?: number;
  readonly bounds?: Column['bounds'];
  readonly actionCount?: number;
  readonly labels?: readonly string[];
}

export interface MemoryRecording extends Recording {
  readonly reads: { readonly column: string; readonly from: number; readonly to: number }[];
}

export function memoryRecording(given: Readonly<Record<string, MemoryColumn>>, roles: Roles = {}): MemoryRecording {
  const reads: { column: string; from: number; to: number }[] = [];
  const columns = new Map<string, Column>();
  for (const [name, { lengths, values: _values, ...column }] of Object.entries(given)) {
    const starts = new Float64Array(lengths.length + 1);
    for (const [e, length] of lengths.entries()) starts[e + 1] = starts[e] + length;
    columns.set(name, { name, ...column, starts });
  }
  return {
    path: 'memory',
    format: 'memory',
    episodeCount: Object.values(given)[0]?.lengths.length ?? 0,
    columns,
    roles,
    notes: [],
    handle: { path: 'memory', options: {} },
    reads,
    async read(column, from, to) {
      reads.push({ column, from, to });
      const { values, shape } = given[column];
      const size = shape.reduce((product, side) => product * side, 1);
      return values.slice(from * size, to * size);
    },
    dispose: () => Promise.resolve(),
  };
}

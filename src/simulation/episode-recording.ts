// Episodes of a simulator as a recording, which the writers of src/data/writers put into a file.
import { allocate, type ElementArray, type ElementType } from '../data/element.ts';
import { episodeAt } from '../data/flat-layout.ts';
import type { Column, Recording } from '../data/recording.ts';
import { rowSizeOf } from '../data/recording.ts';
import { elementCount } from '../shape.ts';
import type { SimulatorPool, Situation } from './pool.ts';
import type { Episode } from './roll-out.ts';
import type { ObservationSpace } from './simulator.ts';
import { observationSizeOf } from './space.ts';

/** The column of state ids; `--map state=state` makes it the classes of the evaluation. */
export const STATE_COLUMN = 'state';

interface RowColumn extends Column {
  /** Row `t` of an episode: a number, or as many as the shape says. */
  readonly row: (episode: Episode, t: number) => number | ArrayLike<number>;
}

/** T+1 observations and states, T of everything else, an episode. */
export function episodeRecording(
  { name, observation, action, hasState }: Pick<SimulatorPool, 'name' | 'observation' | 'action' | 'hasState'>,
  episodes: readonly Episode[],
): Recording {
  const steps = startsOf(episodes, 0);
  const situations = startsOf(episodes, 1);
  const column = (
    [columnName, type, shape]: readonly [string, ElementType, readonly number[]],
    starts: Float64Array,
    row: RowColumn['row'],
  ): RowColumn => ({ name: columnName, type, shape, starts, row });
  const columns: RowColumn[] = [
    ...observationParts(observation).map(({ name, type, shape, from, to }) =>
      column([name, type, shape], situations, (episode, t) => situationAt(episode, t).observation.subarray(from, to)),
    ),
    action.kind === 'discrete'
      ? column(['actions', 'int32', []], steps, ({ actions }, t) => actions[t])
      : column(['actions', 'float32', [action.low.length]], steps, ({ actions }, t) => actions[t]),
    column(['rewards', 'float32', []], steps, ({ transitions }, t) => transitions[t].reward),
    column(['terminations', 'bool', []], steps, ({ transitions }, t) => Number(transitions[t].isTerminal)),
    column(['truncations', 'bool', []], steps, ({ transitions }, t) => Number(transitions[t].isTruncated)),
    ...(hasState
      ? [column([STATE_COLUMN, 'int32', []], situations, (episode, t) => situationAt(episode, t).state ?? 0)]
      : []),
    ...Object.keys(episodes[0]?.transitions[0]?.auxiliary ?? {}).map((each) =>
      column([each, 'float32', []], steps, ({ transitions }, t) => transitions[t].auxiliary[each]),
    ),
  ];
  const byName = new Map(columns.map((each) => [each.name, each]));
  return {
    path: name,
    format: 'simulator',
    episodeCount: episodes.length,
    columns: byName,
    roles: {
      observation: observationParts(observation).map((part) => part.name),
      action: ['actions'],
      reward: 'rewards',
    },
    notes: [],
    handle: { path: name, options: {} },
    async read(columnName, from, to) {
      const found = byName.get(columnName);
      if (found === undefined) throw new Error(`episodes have no column ${columnName}`);
      return readRows(found, episodes, from, to);
    },
    dispose: () => Promise.resolve(),
  };
}

/** One column; or an image and the numbers beside it, which readers put together again by their name. */
function observationParts(space: ObservationSpace) {
  const all = observationSizeOf(space);
  const imageSize = space.kind === 'vector' ? 0 : elementCount(space.shape);
  const isBoth = space.kind === 'image-and-vector';
  const image = space.kind === 'vector' ? [] : [{ type: 'uint8' as const, shape: space.shape, from: 0, to: imageSize }];
  const vector =
    space.kind === 'image' ? [] : [{ type: 'float32' as const, shape: [space.size], from: imageSize, to: all }];
  return [
    ...image.map((part) => ({ ...part, name: isBoth ? 'observations/image' : 'observations' })),
    ...vector.map((part) => ({ ...part, name: isBoth ? 'observations/vector' : 'observations' })),
  ];
}

function readRows(column: RowColumn, episodes: readonly Episode[], from: number, to: number): ElementArray {
  const size = rowSizeOf(column);
  const values = allocate(column.type, (to - from) * size);
  for (let row = from, episode = episodeAt(column.starts, from); row < to; row++) {
    while (row >= column.starts[episode + 1]) episode++;
    const value = column.row(episodes[episode], row - column.starts[episode]);
    if (values instanceof BigInt64Array || values instanceof BigUint64Array) continue;
    if (typeof value === 'number') values[row - from] = value;
    else values.set(value, (row - from) * size);
  }
  return values;
}

function situationAt({ first, transitions }: Episode, t: number): Situation {
  return t === 0 ? first : transitions[t - 1];
}

function startsOf(episodes: readonly Episode[], more: number): Float64Array {
  const starts = new Float64Array(episodes.length + 1);
  for (const [e, { actions }] of episodes.entries()) starts[e + 1] = starts[e] + actions.length + more;
  return starts;
}

// A recording in the page: held-out observations that were put beside the export, and actions to press.
import * as z from 'zod';
import { type Auxiliary, auxiliarySizeOf } from '../../src/auxiliary/auxiliary.ts';
import { columnAuxiliary, columnConfiguration } from '../../src/auxiliary/column.ts';
import { rewardConfiguration } from '../../src/auxiliary/reward.ts';
import { FormatError } from '../../src/error.ts';
import type { ActionSpace } from '../../src/planning/action-space.ts';
import type { ExportDescription } from '../../src/storage/export-format.ts';
import type { HeldOutObservations } from '../held-out-format.ts';
import { type ObservationSet, rowsOf } from '../observation-set.ts';
import type { VectorColumn, World } from './world.ts';

/** Buttons: a robot's arm could have dozens. */
const SHOWN_ACTIONS = 12;

/** The part of recording.json that matters here. */
const recordSchema = z.looseObject({
  observation: z.array(
    z.looseObject({
      kind: z.enum(['image', 'vector']),
      shape: z.array(z.int()),
      columns: z.array(z.string()),
      mean: z.array(z.number()),
      deviation: z.array(z.number()),
    }),
  ),
  action: z.array(
    z.looseObject({
      column: z.string(),
      actionCount: z.int().optional(),
      size: z.int(),
      mean: z.array(z.number()),
      deviation: z.array(z.number()),
    }),
  ),
  reward: z.string().nullable(),
  columns: z.record(
    z.string(),
    z.looseObject({ size: z.int(), isBinary: z.boolean(), mean: z.array(z.number()), deviation: z.array(z.number()) }),
  ),
});
type RecordedPart = z.output<typeof recordSchema>;

/** @throws FormatError where the observations are not the encoder's */
export function recordingWorld(
  { configuration, recording, encoder, auxiliary }: ExportDescription,
  held: HeldOutObservations,
): World {
  const parsed = recordSchema.safeParse(recording);
  if (!parsed.success)
    throw new FormatError('export.json: expected what the run kept of its recording, got something else', {
      remedy: 'Export the run again.',
    });
  const record = parsed.data;
  const { description, judged, centroids } = held;
  const { classes, source, isRandom } = description;
  const { input, vector } = encoder;
  const imageSize = input.layout === 'flat' ? 0 : input.height * input.width * input.channels;
  const vectorSize = input.layout === 'flat' ? input.size : (vector?.size ?? 0);
  if (description.imageSize !== imageSize || description.vectorSize !== vectorSize)
    throw new FormatError(
      `held-out.json: expected observations of ${imageSize} bytes and ${vectorSize} numbers as the encoder takes, ` +
        `got ${description.imageSize} and ${description.vectorSize}`,
      { remedy: 'Serve the run again: the observations and the encoder do not belong together.' },
    );
  const actions = actionsOf(record);
  return {
    name: source,
    environment: undefined,
    auxiliaries: columnAuxiliaries(configuration.auxiliary, record, auxiliary?.output.size ?? 0),
    classes: {
      of: classes.of,
      count: classes.names.length,
      classOf: Int32Array.from(classes.names.keys()),
      names: classes.names,
    },
    actionNames: actions.map(({ name }) => name),
    encodeAction: (action) => actions[action].encoded,
    actionSpace: spaceOf(actions),
    actionOf: (encoded) => actions.findIndex((action) => action.encoded.every((value, i) => value === encoded[i])),
    vectorColumns: vectorColumnsOf(record),
    available: judged.states.length,
    leastObservations: Math.max(leastOf(judged, classes.names.length), leastOf(centroids, classes.names.length)),
    notes: () => [
      isRandom
        ? 'The recording was not there when this page was made: the observations are random ones within what the run kept of its statistics, and the classes are the points around which they lie.'
        : `Held-out observations of the recording ${source}; classes by ${classes.of}${classes.claim ? `: ${classes.claim}` : ''}.`,
      'A recording does not say where other actions would have led: imagined and planned steps are not compared with an environment.',
      'Whether the latents have room is judged by their standard deviation, since the untrained encoder is not in the export.',
    ],
    draw: (count, stream) => {
      const all = stream === 'evaluation' ? judged : centroids;
      return rowsOf(all, 0, Math.min(count, all.states.length));
    },
  };
}

const auxiliaryConfiguration = z.array(
  z.discriminatedUnion('kind', [rewardConfiguration, columnConfiguration, z.looseObject({ kind: z.literal('none') })]),
);

/** Undefined where the run had others than recorded columns. */
function columnAuxiliaries(
  configured: unknown,
  { columns, reward }: RecordedPart,
  size: number,
): Auxiliary[] | undefined {
  const parsed = auxiliaryConfiguration.safeParse(configured);
  if (!parsed.success) return undefined;
  const auxiliaries = parsed.data.flatMap((each) => {
    if (each.kind === 'none') return [];
    const column = each.kind === 'reward' ? reward : each.column;
    if (column === null || !Object.hasOwn(columns, column)) return [];
    return [
      { ...columnAuxiliary(column, columns[column], each), ...(each.kind === 'reward' ? { name: 'reward' } : {}) },
    ];
  });
  return auxiliarySizeOf(auxiliaries) === size ? auxiliaries : undefined;
}

/** Rows from the first on until every class was seen twice; all, where one is not. */
function leastOf({ states }: ObservationSet, classCount: number): number {
  const counts = new Int32Array(classCount);
  let seen = 0;
  for (const [row, state] of states.entries()) {
    counts[state]++;
    if (counts[state] === 2) seen++;
    if (seen === classCount) return row + 1;
  }
  return states.length;
}

interface NamedAction {
  readonly name: string;
  /** [A] */
  readonly encoded: Float32Array;
}

/** Every discrete action; of numbers, each one deviation below and above its mean. Other parts stay at 0 and their means. */
function actionsOf({ action }: RecordedPart): NamedAction[] {
  const size = action.reduce((sum, part) => sum + part.size, 0);
  const base = new Float32Array(size);
  let start = 0;
  for (const part of action) {
    if (part.actionCount === undefined) base.set(part.mean, start);
    else base[start] = 1;
    start += part.size;
  }
  const actions: NamedAction[] = [];
  start = 0;
  for (const { column, actionCount, size: own, mean, deviation } of action) {
    const add = (name: string, values: readonly number[]) => {
      const encoded = base.slice();
      encoded.set(values, start);
      actions.push({ name, encoded });
    };
    for (let i = 0; i < own; i++)
      if (actionCount !== undefined) add(`${column} ${i}`, oneHot(own, i));
      else
        for (const sign of [-1, 1])
          add(
            `${own === 1 ? column : `${column}[${i}]`} ${sign < 0 ? '−' : '+'}`,
            mean.map((value, k) => (k === i ? value + sign * deviation[k] : value)),
          );
    start += own;
  }
  return actions.slice(0, SHOWN_ACTIONS);
}

/** The actions that can be pressed are those that plans are made of. */
function spaceOf(actions: readonly NamedAction[]): ActionSpace {
  const [{ encoded: first }] = actions;
  const encoded = new Float32Array(actions.length * first.length);
  for (const [index, action] of actions.entries()) encoded.set(action.encoded, index * first.length);
  return { kind: 'discrete', count: actions.length, size: first.length, encoded };
}

function oneHot(size: number, hot: number): number[] {
  return Array.from({ length: size }, (_, i) => (i === hot ? 1 : 0));
}

/** `position[0]`; where frames are stacked, the columns come again for every frame. */
function vectorColumnsOf({ observation, columns }: RecordedPart): VectorColumn[] {
  const part = observation.find(({ kind }) => kind === 'vector');
  if (part === undefined) return [];
  const sizes = part.columns.map((column) => (Object.hasOwn(columns, column) ? columns[column].size : 1));
  const names = part.columns.flatMap((column, c) =>
    Array.from({ length: sizes[c] }, (_, i) => (sizes[c] === 1 ? column : `${column}[${i}]`)),
  );
  return part.mean.map((mean, i) => ({
    name: names[i % Math.max(1, names.length)] ?? `number ${i}`,
    mean,
    deviation: part.deviation[i],
  }));
}

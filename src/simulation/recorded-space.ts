// Whether a simulator is what a run's recording was made of: its observations and actions as the networks take them.
import type { RecordingRecord } from '../data/recording-description.ts';
import { option, UsageError } from '../error.ts';
import { elementCount } from '../shape.ts';
import type { SimulatorPool } from './pool.ts';
import { resizedPool } from './resized-pool.ts';
import type { ActionSpace, ObservationSpace } from './simulator.ts';

export type RecordedSpaces = Pick<RecordingRecord, 'name' | 'observation' | 'action'>;

export interface RecordedSpaceOptions {
  /** Frames of an observation. */
  readonly stack: number;
  /** Told in one line what was made to fit. */
  readonly onNote?: (note: string) => void;
}

/**
 * The simulator with observations as they were recorded: images are brought to the recording's size, as `--image-size` does.
 * @throws UsageError where observations or actions are others than the recording's
 */
export function asRecorded(
  pool: SimulatorPool,
  record: RecordedSpaces,
  { stack, onNote }: RecordedSpaceOptions,
): SimulatorPool {
  requireSame(pool.name, 'actions', describeActions(pool.action), describeRecordedActions(record));
  const recorded = recordedObservation(record, stack);
  const found = pool.observation;
  const isImage = found.kind !== 'vector' && recorded.kind === found.kind && found.shape[2] === recorded.shape[2];
  if (isImage && (found.kind === 'image' || describeVector(found) === describeVector(recorded))) {
    const [height, width] = recorded.shape;
    if (found.shape[0] === height && found.shape[1] === width) return pool;
    onNote?.(
      `${pool.name}: images of ${found.shape.slice(0, 2).join(' x ')} are brought to ${height} x ${width}, the size of ${record.name}`,
    );
    return resizedPool(pool, [height, width]);
  }
  requireSame(pool.name, 'observations', describeObservation(found), describeObservation(recorded));
  return pool;
}

function requireSame(name: string, what: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new UsageError(`${name}: expected ${what} as in the run's recording, ${expected}, got ${found}`, {
    remedy: `Name the simulator that was recorded, with the same ${option('option')} and ${option('render')}.`,
  });
}

/** One frame. */
function recordedObservation({ observation }: RecordedSpaces, stack: number): ObservationSpace {
  const image = observation.find(({ kind }) => kind === 'image');
  const vector = observation.find(({ kind }) => kind === 'vector');
  const size = vector ? elementCount(vector.shape) / stack : 0;
  if (image === undefined) return { kind: 'vector', size };
  const [height, width, channels] = image.shape;
  const shape = [height, width, channels / stack] as const;
  return vector ? { kind: 'image-and-vector', shape, size } : { kind: 'image', shape };
}

function describeVector(space: ObservationSpace): string {
  return space.kind === 'image' ? '' : `${space.size} numbers`;
}

function describeObservation(space: ObservationSpace): string {
  const image = space.kind === 'vector' ? [] : [`images [${space.shape.join(', ')}]`];
  return [...image, ...(space.kind === 'image' ? [] : [describeVector(space)])].join(' and ');
}

function describeActions(space: ActionSpace): string {
  return space.kind === 'discrete' ? `${space.names.length} choices` : `${space.low.length} numbers`;
}

function describeRecordedActions({ action }: RecordedSpaces): string {
  return action
    .map(({ actionCount, size }) => (actionCount === undefined ? `${size} numbers` : `${actionCount} choices`))
    .join(' and ');
}

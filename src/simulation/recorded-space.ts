// Whether a simulator is what a run's recording was made of: its observations and actions as the networks take them.
import type { RecordingRecord } from '../data/recording-description.ts';
import { UsageError } from '../error.ts';
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
  if (found.kind === 'image' && recorded?.kind === 'image' && found.shape[2] === recorded.shape[2]) {
    const [height, width] = recorded.shape;
    if (found.shape[0] === height && found.shape[1] === width) return pool;
    onNote?.(
      `${pool.name}: images of ${found.shape.slice(0, 2).join(' x ')} are brought to ${height} x ${width}, the size of ${record.name}`,
    );
    return resizedPool(pool, [height, width]);
  }
  const expected = recorded ? describeObservation(recorded) : 'images and numbers side by side';
  requireSame(pool.name, 'observations', describeObservation(found), expected);
  return pool;
}

function requireSame(name: string, what: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new UsageError(`${name}: expected ${what} as in the run's recording, ${expected}, got ${found}`, {
    remedy: 'Name the simulator that was recorded, with the same --option and --render.',
  });
}

/** One frame; undefined where an observation is an image and a vector, which no simulator here gives. */
function recordedObservation({ observation }: RecordedSpaces, stack: number): ObservationSpace | undefined {
  const [part, ...others] = observation;
  if (others.length > 0) return undefined;
  if (part.kind === 'vector') return { kind: 'vector', size: elementCount(part.shape) / stack };
  const [height, width, channels] = part.shape;
  return { kind: 'image', shape: [height, width, channels / stack] };
}

function describeObservation(space: ObservationSpace): string {
  return space.kind === 'vector' ? `${space.size} numbers` : `images [${space.shape.join(', ')}]`;
}

function describeActions(space: ActionSpace): string {
  return space.kind === 'discrete' ? `${space.names.length} choices` : `${space.low.length} numbers`;
}

function describeRecordedActions({ action }: RecordedSpaces): string {
  return action
    .map(({ actionCount, size }) => (actionCount === undefined ? `${size} numbers` : `${actionCount} choices`))
    .join(' and ');
}

// Batches out of decoded blocks: frames stacked, discrete actions one-hot, time-major as training wants them.
// Letters: B sequences, K steps, n frames of a stack, A action size, M auxiliary size.
import { FormatError } from '../../error.ts';
import { elementCount } from '../../shape.ts';
import type { ActionPart, ObservationPart } from '../part.ts';
import type { TransitionBatch } from '../transition.ts';
import { actionsOf, type Block, type DecodedBlock, type DecodePlan, observationsOf } from './block.ts';

export interface BatchLayout {
  readonly observation: readonly ObservationPart[];
  readonly action: readonly ActionPart[];
  /** M */
  readonly auxiliarySize: number;
  /** n */
  readonly stack: number;
  readonly hasStates: boolean;
}

/** A sequence by the rows of a block in which it lies. */
export interface LocatedSequence {
  readonly decoded: DecodedBlock;
  /** Row of its first observation. */
  readonly observationRow: number;
  /** Rows before that belong to the same episode. */
  readonly rowsBefore: number;
  readonly actionRow: number;
  /** Of the recording. */
  readonly episode: number;
  /** Of the episode. */
  readonly row: number;
}

/** The `index`-th sequence of a block. */
export function locateInBlock(decoded: DecodedBlock, block: Block, index: number, plan: DecodePlan): LocatedSequence {
  let rest = index;
  let observationRow = 0;
  let actionRow = 0;
  for (const span of block) {
    const [observationFrom, observationTo] = observationsOf(span, plan);
    const [actionFrom, actionTo] = actionsOf(span, plan);
    const count = span.to - span.from;
    if (rest < count) {
      const rowsBefore = span.from + rest - observationFrom;
      return {
        decoded,
        observationRow: observationRow + rowsBefore,
        rowsBefore,
        actionRow: actionRow + rest,
        episode: span.episode,
        row: span.from + rest,
      };
    }
    rest -= count;
    observationRow += observationTo - observationFrom;
    actionRow += actionTo - actionFrom;
  }
  throw new FormatError(`block: expected a sequence below ${index - rest}, got ${index}`);
}

export function assembleBatch(
  sequences: readonly LocatedSequence[],
  layout: BatchLayout,
  horizon: number,
): TransitionBatch {
  const { observation, action, auxiliarySize, stack, hasStates } = layout;
  const size = sequences.length;
  const rows = (horizon + 1) * size;
  const sizes = observation.map(({ shape }) => elementCount(shape));
  const observationSize = sizes.reduce((sum, partSize) => sum + partSize, 0);
  const isPixels = observation.length === 1 && observation[0].kind === 'image';
  const observations = isPixels ? new Uint8Array(rows * observationSize) : new Float32Array(rows * observationSize);
  const actionSize = action.reduce((sum, part) => sum + part.size, 0);
  const rawActionSize = action.reduce((sum, part) => sum + (part.actionCount === undefined ? part.size : 1), 0);
  const actions = new Float32Array(horizon * size * actionSize);
  const auxiliary = new Float32Array(rows * auxiliarySize);
  const states = new Int32Array(hasStates ? rows : 0);

  for (const [b, { decoded, observationRow, rowsBefore, actionRow }] of sequences.entries())
    for (let k = 0; k <= horizon; k++) {
      const target = k * size + b;
      const row = observationRow + k;
      for (const [i, part] of observation.entries()) {
        const source = part.kind === 'image' ? decoded.images : decoded.vectors;
        const pixels = part.kind === 'image' ? part.shape[0] * part.shape[1] : 1;
        const offset = target * observationSize + part.offset;
        copyStack(
          source,
          row,
          Math.min(rowsBefore + k, stack - 1),
          { stack, pixels, size: sizes[i] },
          observations,
          offset,
        );
      }
      auxiliary.set(decoded.auxiliary.subarray(row * auxiliarySize, (row + 1) * auxiliarySize), target * auxiliarySize);
      if (hasStates) states[target] = decoded.states[row];
      if (k < horizon)
        encodeAction(decoded.actions, (actionRow + k) * rawActionSize, action, actions, target * actionSize);
    }
  const episodes = Int32Array.from(sequences, ({ episode }) => episode);
  const firstRows = Int32Array.from(sequences, ({ row }) => row);
  return {
    size,
    horizon,
    observations,
    actions,
    auxiliary,
    episodes,
    rows: firstRows,
    ...(hasStates ? { states } : {}),
  };
}

export interface StackShape {
  readonly stack: number;
  /** Places that each hold the channels of all frames side by side; 1 for vectors. */
  readonly pixels: number;
  /** Numbers of the stacked part. */
  readonly size: number;
}

/** The frames up to `row`, of which `available` before it are of the episode; the first is repeated for the others. */
export function copyStack(
  source: Uint8Array | Float32Array,
  row: number,
  available: number,
  { stack, pixels, size }: StackShape,
  target: Uint8Array | Float32Array,
  offset: number,
): void {
  const frameSize = size / stack;
  if (stack === 1) {
    target.set(source.subarray(row * frameSize, (row + 1) * frameSize), offset);
    return;
  }
  const channels = frameSize / pixels;
  for (let frame = 0; frame < stack; frame++) {
    const start = (row - Math.min(available, stack - 1 - frame)) * frameSize;
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let c = 0; c < channels; c++)
        target[offset + (pixel * stack + frame) * channels + c] = source[start + pixel * channels + c];
  }
}

function encodeAction(
  raw: Float32Array,
  rawStart: number,
  parts: readonly ActionPart[],
  target: Float32Array,
  targetStart: number,
): void {
  let from = rawStart;
  let to = targetStart;
  for (const { actionCount, size, column } of parts) {
    if (actionCount === undefined) {
      target.set(raw.subarray(from, from + size), to);
      from += size;
    } else {
      const chosen = raw[from];
      if (!(chosen >= 0 && chosen < actionCount))
        throw new FormatError(`${column}: expected an action in 0..${actionCount - 1}, got ${chosen}`);
      target[to + chosen] = 1;
      from++;
    }
    to += size;
  }
}

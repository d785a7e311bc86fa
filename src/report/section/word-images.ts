// Two observations along one word of actions as two rows of images, for a person to compare.
import { contactSheet } from '../picture.ts';
import type { BlockOf } from '../report.ts';

/** Observations of one side that are shown; of a longer word the start, those around the step in focus, and the end. */
const SHOWN_POSITIONS = 6;

export interface ShownWord {
  readonly caption: string;
  /** [k+1] */
  readonly steps: readonly { readonly action: string | null; readonly states: readonly [string, string] }[];
  /** The step that must be among those shown. */
  readonly focus: number;
  /** [H, W, C] */
  readonly shape: readonly number[];
  /** Bytes of an observation: side 0 or 1, step 0..k. */
  readonly pixelsOf: (side: 0 | 1, step: number) => Uint8Array;
  /** Put behind its name. */
  readonly noteOf: (side: 0 | 1, step: number) => string;
}

export function wordImages({ caption, steps, focus, shape, pixelsOf, noteOf }: ShownWord): BlockOf<'images'> {
  const positions = shownPositions(steps.length, focus);
  const item = (side: 0 | 1, j: number) => {
    const { states, action } = steps[j];
    const place = j === 0 ? states[side] : `step ${j} (${action}): ${states[side]}`;
    return {
      png: Buffer.from(contactSheet(pixelsOf(side, j), shape, 1).bytes).toString('base64'),
      alt: `${side === 0 ? 'first' : 'second'} observation, ${j === 0 ? 'start' : `step ${j}`}: ${states[side]}`,
      label: `${place}${noteOf(side, j)}`,
    };
  };
  return {
    kind: 'images',
    caption,
    columns: positions.length === 1 ? 2 : positions.length,
    items: ([0, 1] as const).flatMap((side) => positions.map((j) => item(side, j))),
  };
}

function shownPositions(length: number, focus: number): number[] {
  if (length <= SHOWN_POSITIONS) return Array.from({ length }, (_, j) => j);
  const chosen = new Set([0, 1, focus - 1, focus, length - 2, length - 1].filter((j) => j >= 0));
  return [...chosen].sort((a, b) => a - b);
}

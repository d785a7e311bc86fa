// The counting environment of Yu et al., arXiv 2509.12249: k objects of one shape and colour on black, positions drawn
// anew at every step; the actions add or remove one. Only the count is a state: shape, colour and positions are nuisance.
import * as z from 'zod';
import { UsageError } from '../error.ts';
import { parseOptions } from '../options.ts';
import type { Random } from '../random.ts';
import { countingNuisances } from './counting-nuisance.ts';
import { RADIUS_PX, SHAPES, SIZE_PX } from './counting-shape.ts';
import { type Appearance, type Environment, encodeOneHot } from './environment.ts';

/** Squared distance of two centres below which a position is drawn again: (2 radius + 1)^2. */
const MINIMAL_SQUARED_DISTANCE_PX = 49;
const TRIES_PER_OBJECT = 50;
const MAXIMAL_COUNT = 8;
const COLOUR_LOW = 30;
const COLOUR_HIGH = 225;

export const COUNTING_SHAPE_NAMES: readonly string[] = SHAPES.map((shape) => shape.name);

export const countingOptions = z.strictObject({
  target: z.int().min(0).max(MAXIMAL_COUNT).default(4).describe('count at which the reward is given'),
  reward: z
    .enum(['sparse', 'dense'])
    .default('sparse')
    .describe('sparse: 1 at the target; dense: 1 - |k - n| / largest count, plus 1 at the target'),
  termination: z
    .boolean()
    .optional()
    .describe('an episode ends at the target, as in the paper: no transition starts there; default: it goes on'),
  actions: z
    .union([z.literal(2), z.literal(3)])
    .default(2)
    .describe('2: remove, add; 3: a no-op between them'),
  continuous: z
    .boolean()
    .default(false)
    .describe('actions are a scalar in -1..1, split by sign (2 actions) or at +-1/3 (3)'),
  // Without defaults: the options of earlier runs stay what they were.
  maximum: z.int().min(1).max(MAXIMAL_COUNT).optional().describe('largest count; default: 8'),
  size: z
    .union([z.literal(32), z.literal(64)])
    .optional()
    .describe(
      'side of an image in pixels; default: 64. At 32 there is room for 5 objects, and nobody reads shapes and places',
    ),
});

/** More do not always find a place in 32 x 32 pixels. */
const MAXIMAL_COUNT_SMALL = 5;

export function createCounting(options: unknown = {}): Environment {
  const parsed = parseOptions('environment counting', countingOptions, options);
  const { termination, maximum: chosenMaximum, size: chosenSize, ...rest } = parsed;
  const { target, reward, actions, continuous } = rest;
  const size = chosenSize ?? SIZE_PX;
  const maximum = chosenMaximum ?? (size < SIZE_PX ? MAXIMAL_COUNT_SMALL : MAXIMAL_COUNT);
  requireWithin('maximum', maximum, size < SIZE_PX ? MAXIMAL_COUNT_SMALL : MAXIMAL_COUNT, `images of ${size} pixels`);
  requireWithin('target', target, maximum, `counts up to ${maximum}`);
  const deltas = actions === 2 ? [-1, 1] : [-1, 0, 1];
  return {
    name: 'counting',
    description: 'count k in 0..8 of objects whose shape, colour and positions do not matter (Yu et al. 2025)',
    options: {
      ...rest,
      ...(termination === undefined ? {} : { termination }),
      ...(chosenMaximum === undefined ? {} : { maximum }),
      ...(chosenSize === undefined ? {} : { size }),
    },
    observationShape: [size, size, 3],
    actionNames: actions === 2 ? ['-1', '+1'] : ['-1', '0', '+1'],
    actionSize: continuous ? 1 : actions,
    encodeAction(action, random, encoded, offset) {
      if (continuous) encoded[offset] = -1 + (2 * (action + random.uniform())) / actions;
      else encodeOneHot(action, actions, encoded, offset);
    },
    continuous: continuous
      ? {
          low: -1,
          high: 1,
          actionOf: ([value]) => Math.min(actions - 1, Math.max(0, Math.floor(((value + 1) * actions) / 2))),
        }
      : undefined,
    stateCount: maximum + 1,
    stateName: (state) => String(state),
    next: (state, action) =>
      termination && state === target ? state : Math.min(maximum, Math.max(0, state + deltas[action])),
    ...(termination ? { isTerminal: (state: number) => state === target } : {}),
    reward(state) {
      const isReached = state === target ? 1 : 0;
      return reward === 'sparse' ? isReached : 1 - Math.abs(state - target) / maximum + isReached;
    },
    hasBinaryReward: reward === 'sparse',
    ...(size === SIZE_PX ? { nuisances: countingNuisances } : {}),
    drawAppearance,
    render: (state, appearance, random, pixels) => render(state, appearance, { random, pixels, size }),
    skipImage: (state, random) => void drawPositions(state, random, size),
  };
}

function requireWithin(name: string, value: number, limit: number, of: string): void {
  if (value > limit)
    throw new UsageError(`environment counting: ${name}: expected at most ${limit} for ${of}, got ${value}`);
}

/** Shape and colour of an episode. */
function drawAppearance(random: Random): Appearance {
  const channel = () => COLOUR_LOW + random.integer(COLOUR_HIGH - COLOUR_LOW + 1);
  return { shape: random.integer(SHAPES.length), red: channel(), green: channel(), blue: channel() };
}

interface Canvas {
  readonly random: Random;
  readonly pixels: Uint8Array;
  /** Side in pixels. */
  readonly size: number;
}

function render(state: number, appearance: Appearance, { random, pixels, size }: Canvas): void {
  pixels.fill(0);
  const { red, green, blue } = appearance;
  const { offsets } = SHAPES[appearance.shape];
  for (const [x, y] of drawPositions(state, random, size))
    for (const [dx, dy] of offsets) {
      const index = 3 * ((y + dy) * size + x + dx);
      pixels[index] = red;
      pixels[index + 1] = green;
      pixels[index + 2] = blue;
    }
}

/** Centres in pixels; where an object finds no place in its tries, the whole image is drawn anew, so that the count is always right. */
export function drawPositions(count: number, random: Random, size = SIZE_PX): [x: number, y: number][] {
  const room = size - 2 * RADIUS_PX;
  for (;;) {
    const positions: [number, number][] = [];
    for (let tries = 0; positions.length < count && tries < TRIES_PER_OBJECT; tries++) {
      const x = RADIUS_PX + random.integer(room);
      const y = RADIUS_PX + random.integer(room);
      if (positions.every(([px, py]) => (px - x) ** 2 + (py - y) ** 2 >= MINIMAL_SQUARED_DISTANCE_PX)) {
        positions.push([x, y]);
        tries = -1;
      }
    }
    if (positions.length === count) return positions;
  }
}

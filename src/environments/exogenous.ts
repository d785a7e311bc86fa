// Four rings in one image: a marker that actions move or one that moves by itself, and for each kind one that the reward is of
// and one that it is not (the 2 x 2 of controllable or exogenous, relevant or not). With the reward as auxiliary a latent must
// keep the two relevant ones; without it, none. How well the exogenous ones can be predicted is a knob.
import * as z from 'zod';
import { parseOptions } from '../options.ts';
import type { Random } from '../random.ts';
import { type Appearance, type Environment, encodeOneHot } from './environment.ts';
import { type Colour, fillDisc, fillRectangle } from './raster.ts';

const SIZE_PX = 64;
const RADIUS_PX = 5;
/** Of the circle in each quarter that a marker moves on. */
const ORBIT_PX = 9;
const FLOOR_BRIGHTEST = 40;

/** By the quarter of the image, row by row. */
const RINGS: readonly { readonly name: string; readonly colour: Colour }[] = [
  { name: 'hand', colour: [230, 80, 60] },
  { name: 'toy', colour: [230, 200, 60] },
  { name: 'signal', colour: [80, 150, 240] },
  { name: 'drift', colour: [110, 220, 120] },
];
const [HAND, TOY, SIGNAL, DRIFT] = [0, 1, 2, 3];
const EXOGENOUS: readonly number[] = [SIGNAL, DRIFT];

/** Each action moves one of the two controllable markers. */
const ACTIONS: readonly { readonly name: string; readonly ring: number; readonly step: number }[] = [
  { name: 'hand-', ring: HAND, step: -1 },
  { name: 'hand+', ring: HAND, step: 1 },
  { name: 'toy-', ring: TOY, step: -1 },
  { name: 'toy+', ring: TOY, step: 1 },
];

export const exogenousOptions = z.strictObject({
  places: z.int().min(2).max(5).default(3).describe('places of each of the four markers'),
  predictability: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('probability that an exogenous marker goes on to its next place; else it is drawn evenly'),
});

export function createExogenous(options: unknown = {}): Environment {
  const parsed = parseOptions('environment exogenous', exogenousOptions, options);
  const { places, predictability } = parsed;
  const placeOf = (state: number, ring: number) => Math.floor(state / places ** (RINGS.length - 1 - ring)) % places;
  const withPlace = (state: number, ring: number, place: number) =>
    state + (place - placeOf(state, ring)) * places ** (RINGS.length - 1 - ring);
  const turned = (state: number, ring: number, step: number) =>
    withPlace(state, ring, (placeOf(state, ring) + step + places) % places);
  const acted = (state: number, action: number) => turned(state, ACTIONS[action].ring, ACTIONS[action].step);

  return {
    name: 'exogenous',
    description: 'four markers: controllable or exogenous, relevant to the reward or not',
    options: parsed,
    observationShape: [SIZE_PX, SIZE_PX, 3],
    actionNames: ACTIONS.map(({ name }) => name),
    actionSize: ACTIONS.length,
    encodeAction: (action, _random, encoded, offset) => encodeOneHot(action, ACTIONS.length, encoded, offset),
    stateCount: places ** RINGS.length,
    stateName: (state) => RINGS.map(({ name }, ring) => `${name} ${placeOf(state, ring)}`).join(' '),
    factors: RINGS.map(({ name }, ring) => ({ name, size: places, of: (state: number) => placeOf(state, ring) })),
    next: (state, action) => EXOGENOUS.reduce((moved, ring) => turned(moved, ring, 1), acted(state, action)),
    ...(predictability === 1
      ? {}
      : {
          drawNext: (state: number, action: number, random: Random) =>
            EXOGENOUS.reduce(
              (moved, ring) =>
                random.uniform() < predictability
                  ? turned(moved, ring, 1)
                  : withPlace(moved, ring, random.integer(places)),
              acted(state, action),
            ),
        }),
    // Different for every pair of answers, so that neither hides the other.
    reward: (state) => ((placeOf(state, HAND) === 0 ? 2 : 0) + (placeOf(state, SIGNAL) === 0 ? 1 : 0)) / 3,
    hasBinaryReward: false,
    nuisances: [
      // No marker reaches the corner.
      { name: 'floor', kind: 'values', names: ['brightness'], read: (pixels) => [pixels[0]] },
    ],
    drawAppearance: (random): Appearance => ({ floor: random.integer(FLOOR_BRIGHTEST + 1) }),
    render,
    skipImage: () => {},
  };

  function render(state: number, { floor }: Appearance, _random: Random, pixels: Uint8Array): void {
    const raster = { sizePx: SIZE_PX, pixels };
    fillRectangle(raster, 0, 0, SIZE_PX, SIZE_PX, [floor, floor, floor]);
    RINGS.forEach(({ colour }, ring) => {
      const angle = (2 * Math.PI * placeOf(state, ring)) / places;
      const half = SIZE_PX / 2;
      const x = half * (ring % 2) + half / 2 + ORBIT_PX * Math.sin(angle);
      const y = half * Math.floor(ring / 2) + half / 2 - ORBIT_PX * Math.cos(angle);
      fillDisc(raster, Math.round(x), Math.round(y), RADIUS_PX, colour);
    });
  }
}

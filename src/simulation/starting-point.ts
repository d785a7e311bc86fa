// The module that `jepa new environment` writes: a small world of pixels that runs as it is, to be changed into one's own.
import { existsSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { UsageError } from '../error.ts';
import { writeFileAtomic } from '../storage/atomic-file.ts';

/** Writes the module `name`, with `.ts` where it has no ending. @returns its path. @throws UsageError where it is there already */
export function writeStartingPoint(name: string): string {
  const extension = extname(name);
  if (!['', '.ts', '.mts'].includes(extension))
    throw new UsageError(`new environment: expected a name, or one that ends with .ts, got "${name}"`);
  const path = extension === '' ? `${name}.ts` : name;
  if (basename(path, extname(path)) === '')
    throw new UsageError(`new environment: expected a name, got "${name}"`, { remedy: 'For example: my-env.' });
  if (existsSync(path))
    throw new UsageError(`new environment: expected a path that is free, got ${path}, which exists`, {
      remedy: 'Choose another name, or remove this one first.',
    });
  writeFileAtomic(path, STARTING_POINT);
  return path;
}

const STARTING_POINT = `// A world for jepa: what an agent sees, what it can do, and what comes of it. It runs as it is; change it into yours.
// Only the type is imported, and it is gone when this runs: nothing has to be installed beside this file.
import type { Outcome, Simulator } from 'jepa-onnx/simulation';

const SIDE = 5; // cells of the field, a side
const PIXELS = 32; // of an image, a side
const CELL = Math.floor(PIXELS / SIDE);
const GOAL = { x: SIDE - 1, y: 0 };

/** Options of the command line: jepa train ./my-env.ts --option slippery=0.1 */
export function createSimulator({ slippery = 0 }: { slippery?: number }): Simulator {
  let agent = { x: 0, y: 0 };
  let light = 0;
  let chance = 0;

  /** A number in [0, 1), by a linear congruential generator (Numerical Recipes): all chance comes from the seed. */
  function random(): number {
    chance = (Math.imul(chance, 1664525) + 1013904223) >>> 0;
    return chance / 2 ** 32;
  }

  /** The image: 32 x 32 x 3 bytes, row by row, red, green and blue of each pixel. */
  function draw(): Uint8Array {
    const image = new Uint8Array(PIXELS * PIXELS * 3).fill(20);
    fill(image, GOAL, [200, 170, 40]);
    fill(image, agent, [light, 120, 220]);
    return image;
  }

  return {
    // Or numbers: { kind: 'vector', size: 4 }, and return arrays of four.
    observation: { kind: 'image', shape: [PIXELS, PIXELS, 3] },
    // Or numbers between bounds: { kind: 'continuous', low: [-1], high: [1] }; step is given arrays then.
    action: { kind: 'discrete', names: ['up', 'down', 'left', 'right'] },

    // The same seed gives the same episode.
    reset(seed) {
      chance = seed;
      agent = { x: Math.floor(random() * SIDE), y: Math.floor(random() * SIDE) };
      light = Math.floor(random() * 100); // of this episode: seen, and without any consequence
      return draw();
    },

    step(action): Outcome {
      const move = [[0, -1], [0, 1], [-1, 0], [1, 0]][random() < slippery ? 0 : Number(action)];
      agent = { x: clamp(agent.x + move[0]), y: clamp(agent.y + move[1]) };
      const isAtGoal = agent.x === GOAL.x && agent.y === GOAL.y;
      // An episode may go on at the goal; isTerminal: true would end it. What is in \`auxiliary\` can be predicted
      // from the latents too: --auxiliary column:distance.
      const distance = GOAL.x - agent.x + agent.y - GOAL.y;
      return { observation: draw(), reward: isAtGoal ? 1 : 0, isTerminal: false, auxiliary: { distance } };
    },

    // Optional. Where two situations differ in what can come of them, give different numbers: the evaluation then says
    // exactly which states must have different latents. Training never sees it.
    stateId: () => agent.y * SIDE + agent.x,

    // Optional. All that decides what comes next: \`jepa plan\` compares its plans with plans in the world itself.
    save: () => ({ agent, light, chance }),
    restore(saved: { agent: { x: number; y: number }; light: number; chance: number }) {
      ({ agent, light, chance } = saved);
    },
  };
}

function fill(image: Uint8Array, cell: { x: number; y: number }, colour: number[]): void {
  for (let y = cell.y * CELL; y < (cell.y + 1) * CELL; y++)
    for (let x = cell.x * CELL; x < (cell.x + 1) * CELL; x++) image.set(colour, (y * PIXELS + x) * 3);
}

function clamp(place: number): number {
  return Math.max(0, Math.min(SIDE - 1, place));
}
`;

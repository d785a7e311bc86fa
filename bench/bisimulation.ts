// Time of the largest bisimulation at one million states and four actions, on systems that are hard in different ways.
// node --import tsx bench/bisimulation.ts [states]
import { cpus } from 'node:os';
import { distinguishingWord, type FiniteSystem, largestBisimulation } from '../src/bisimulation/index.ts';
import { permutation, randomFor } from '../src/random.ts';

const stateCount = Number(process.argv[2] ?? 1_000_000);
const actionCount = 4;

function build(next: (state: number, action: number) => number, auxiliary: (state: number) => number): FiniteSystem {
  const table = new Int32Array(actionCount * stateCount);
  for (let action = 0; action < actionCount; action++)
    for (let state = 0; state < stateCount; state++) table[action * stateCount + state] = next(state, action);
  return {
    stateCount,
    actionCount,
    next: table,
    auxiliarySize: 1,
    auxiliary: Float32Array.from({ length: stateCount }, (_, state) => auxiliary(state)),
  };
}

const side = Math.floor(Math.sqrt(stateCount));
const clip = (value: number, limit: number) => Math.min(limit - 1, Math.max(0, value));
const random = randomFor('bench', 'bisimulation');
const shuffled = permutation(stateCount, random);
const position = new Int32Array(stateCount);
shuffled.forEach((state, index) => {
  position[state] = index;
});

const systems: Readonly<Record<string, () => FiniteSystem>> = {
  'random, reward in one state of a thousand': () =>
    build(
      () => random.integer(stateCount),
      () => (random.uniform() < 0.001 ? 1 : 0),
    ),
  'open grid, reward in one corner': () =>
    build(
      (state, action) => {
        if (state >= side * side) return state;
        const row = Math.floor(state / side) + [-1, 1, 0, 0][action];
        const column = (state % side) + [0, 0, -1, 1][action];
        return clip(row, side) * side + clip(column, side);
      },
      (state) => (state === 0 ? 1 : 0),
    ),
  'line, reward at one end (words of a million actions)': () =>
    build(
      (state, action) => clip(state + [-1, 1, 0, 0][action], stateCount),
      (state) => (state === 0 ? 1 : 0),
    ),
  'line with states in random order': () =>
    build(
      (state, action) => shuffled[clip(position[state] + [-1, 1, 0, 0][action], stateCount)],
      (state) => (position[state] === 0 ? 1 : 0),
    ),
  // Every bit of the state decides at some word: splits are even at every level, the worst case of the bound.
  'shift register, reward by its last bit': () =>
    build(
      (state, action) => (2 * state + (action & 1)) % stateCount,
      (state) => (state >= stateCount / 2 ? 1 : 0),
    ),
};

process.stdout.write(`${cpus()[0].model}, node ${process.version}, ${stateCount} states, ${actionCount} actions\n`);
for (const [name, create] of Object.entries(systems)) {
  const system = create();
  const start = performance.now();
  const bisimulation = largestBisimulation(system);
  const elapsedMs = performance.now() - start;
  const wordStart = performance.now();
  const last = bisimulation.classCount - 1;
  const word =
    last > 0
      ? distinguishingWord(bisimulation, bisimulation.representative[last - 1], bisimulation.representative[last])
      : [];
  const wordMs = performance.now() - wordStart;
  process.stdout.write(
    `${name}: ${(elapsedMs / 1000).toFixed(2)} s, ${bisimulation.classCount} classes; a word of ${word?.length} actions in ${wordMs.toFixed(1)} ms\n`,
  );
}

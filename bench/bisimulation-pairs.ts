// Time of what looks at all pairs: the bisimulation metric, and the words and mergers of partial data.
// node --import tsx bench/bisimulation-pairs.ts [states]
import { cpus } from 'node:os';
import {
  bisimulationMetric,
  type FiniteSystem,
  mergeObserved,
  observedWordLengths,
  UNOBSERVED,
} from '../src/bisimulation/index.ts';
import { randomFor } from '../src/random.ts';

const stateCount = Number(process.argv[2] ?? 3000);
const actionCount = 4;
const random = randomFor('bench', 'pairs');

/** Random moves, reward in one state of a hundred; each action unobserved with this probability. */
function build(unobserved: number): FiniteSystem {
  return {
    stateCount,
    actionCount,
    next: Int32Array.from({ length: actionCount * stateCount }, () =>
      random.uniform() < unobserved ? UNOBSERVED : random.integer(stateCount),
    ),
    auxiliarySize: 1,
    auxiliary: Float32Array.from({ length: stateCount }, () => (random.uniform() < 0.01 ? 1 : 0)),
  };
}

function time(name: string, work: () => string): void {
  const start = performance.now();
  const result = work();
  process.stdout.write(`${name}: ${((performance.now() - start) / 1000).toFixed(2)} s, ${result}\n`);
}

process.stdout.write(`${cpus()[0].model}, node ${process.version}, ${stateCount} states, ${actionCount} actions\n`);
const complete = build(0);
for (const discount of [0.9, 0.99])
  time(`metric, discount ${discount}`, () => `${bisimulationMetric(complete, { discount }).rounds} rounds`);
for (const unobserved of [0.25, 0.75]) {
  const partial = build(unobserved);
  time(`words of all pairs, ${100 * unobserved}% unobserved`, () => {
    const lengths = observedWordLengths(partial);
    return `${lengths.reduce((count, length) => count + (length >= 0 ? 1 : 0), 0) / 2} pairs told apart`;
  });
  time(`maximal merging, ${100 * unobserved}% unobserved`, () => `${mergeObserved(partial).count} classes`);
}

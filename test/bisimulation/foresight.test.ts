// What is foreseen, against the definitions: pairs by naive fixed points, fates of factors by hand, labels by trying them out.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHAIN, type FiniteSystem, foresee, largestBisimulation } from '../../src/bisimulation/index.ts';
import { arbitrarySystem, naiveLengths } from './automaton.ts';

/** A ring of three that `a` turns and `b` leaves, and a bit that always flips: state 2 * ring + bit. */
function ringAndBit(auxiliary: (ring: number, bit: number) => number): FiniteSystem {
  const next = [1, 0].flatMap((turn) =>
    Array.from({ length: 6 }, (_, s) => 2 * ((Math.floor(s / 2) + turn) % 3) + (1 - (s % 2))),
  );
  const values = Float64Array.from({ length: 6 }, (_, s) => auxiliary(Math.floor(s / 2), s % 2));
  return { stateCount: 6, actionCount: 2, next: Int32Array.from(next), auxiliarySize: 1, auxiliary: values };
}

const ring = { name: 'ring', of: (state: number) => Math.floor(state / 2) };
const bit = { name: 'bit', of: (state: number) => state % 2 };
const ofRing = (r: number) => (r === 0 ? 1 : 0);
const both = { name: 'reward', values: ringAndBit((r, b) => ofRing(r) + b / 2).auxiliary };

describe('foreseen factors', () => {
  test('one that auxiliary and dynamics do not ask for may vanish, though the task needs it', () => {
    const { foresight } = foresee({ system: ringAndBit(ofRing), task: both, factors: [ring, bit], seed: 0 });
    expect(foresight).toMatchObject({
      kind: 'complete',
      pairs: 15,
      apart: 12,
      classes: 3,
      // Ring 0 against 1 and 2 at once; 1 and 2 after one turn: four pairs of states for each.
      byWordLength: [
        { length: 0, pairs: 8 },
        { length: 1, pairs: 4 },
      ],
      factors: [
        { name: 'ring', fate: 'kept', apart: 1, isNeeded: true, isExogenous: false },
        { name: 'bit', fate: 'may vanish', apart: 0, isNeeded: true, isExogenous: true },
      ],
      task: { name: 'reward', needed: 15, lost: 3 },
    });
  });

  test('one that matters at one value of another is kept in part', () => {
    // The bit pays on ring 0 alone, and the ring stands still: nothing else tells it.
    const still: FiniteSystem = {
      ...ringAndBit((r, b) => (r === 0 ? b : 2)),
      next: Int32Array.from({ length: 12 }, (_, entry) => entry % 6),
    };
    const { foresight } = foresee({ system: still, factors: [ring, bit], seed: 0 });
    expect(foresight.factors[1]).toMatchObject({ fate: 'kept in part', apart: 1 / 3 });
    expect(foresight.factors[1].isNeeded).toBeUndefined();
  });

  test('without an auxiliary everything may vanish', () => {
    const system = { ...ringAndBit(ofRing), auxiliarySize: 0, auxiliary: new Float64Array(0) };
    const { foresight } = foresee({ system, task: both, factors: [ring, bit], seed: 0 });
    expect(foresight).toMatchObject({ apart: 0, classes: 1, task: { needed: 15, lost: 15 } });
    expect(foresight.factors.map(({ fate }) => fate)).toEqual(['may vanish', 'may vanish']);
  });
});

describe('foreseen pairs', () => {
  test('of complete systems are those of the naive fixed point', () => {
    fc.assert(
      fc.property(arbitrarySystem(), (system) => {
        const { lengths } = foresee({ system, factors: [], seed: 0 });
        expect([...lengths]).toEqual(naiveLengths(system).flat());
      }),
    );
  });

  test('of what was observed count those that only third states tell apart', () => {
    // As in observed.test.ts: merging 0 and 1 would merge 2, 3 and 4, of which 2 and 4 must differ.
    const chain: FiniteSystem = {
      stateCount: 7,
      actionCount: 3,
      next: Int32Array.of(2, 3, -1, -1, -1, -1, -1, 3, 4, -1, -1, -1, -1, -1, -1, -1, 5, -1, 6, -1, -1),
      auxiliarySize: 1,
      auxiliary: Float64Array.of(0, 0, 0, 0, 0, 0, 1),
    };
    const { foresight, lengths } = foresee({ system: chain, factors: [], seed: 0 });
    expect(lengths[0 * 7 + 1]).toBe(CHAIN);
    expect(lengths[1 * 7 + 0]).toBe(CHAIN);
    expect(foresight.kind).toBe('observed');
    expect(foresight.byChain).toBeGreaterThanOrEqual(1);
  });

  test('more observations than a table of pairs holds are refused', () => {
    const system = {
      stateCount: 2049,
      actionCount: 0,
      next: new Int32Array(0),
      auxiliarySize: 0,
      auxiliary: new Float64Array(0),
    };
    expect(() => foresee({ system, factors: [], seed: 0 })).toThrow(
      'foresee: expected at most 2048 different observations, got 2049',
    );
  });
});

/** By definition: a pair is apart where the auxiliary differs, or both labels are known and differ, now or after an action. */
function naiveApart(system: FiniteSystem, task: ArrayLike<number>, labels: ReadonlySet<number>): boolean[][] {
  const { stateCount, actionCount, next, auxiliary, auxiliarySize } = system;
  const states = Array.from({ length: stateCount }, (_, s) => s);
  const row = (s: number) => Array.from(auxiliary.subarray(s * auxiliarySize, (s + 1) * auxiliarySize)).join(' ');
  const apart = states.map((s) =>
    states.map((t) => row(s) !== row(t) || (labels.has(s) && labels.has(t) && task[s] !== task[t])),
  );
  for (let changed = true; changed; ) {
    changed = false;
    for (const s of states)
      for (const t of states)
        for (let action = 0; action < actionCount; action++) {
          const [a, b] = [next[action * stateCount + s], next[action * stateCount + t]];
          if (apart[s][t] || a < 0 || b < 0 || !apart[a][b]) continue;
          apart[s][t] = changed = true;
        }
  }
  return apart;
}

describe('labels', () => {
  test('of ring and bit, where the ring is known: two that differ in the bit', () => {
    const { foresight } = foresee({ system: ringAndBit(ofRing), task: both, factors: [], seed: 0 });
    // The bit flips whatever is done: a label of either value in states of one ring tells all pairs that differ in it.
    expect(foresight.task?.labels?.enough).toHaveLength(2);
  });

  test('that are enough are: all needed pairs are apart by definition, and without any one of them some are not', () => {
    fc.assert(
      fc.property(arbitrarySystem(), arbitrarySystem(), fc.nat(), (known, rewarded, seed) => {
        // The dynamics of one system, the auxiliary of none, and the values of another as a task.
        const { stateCount } = known;
        const values = Float64Array.from(
          { length: stateCount },
          (_, s) => rewarded.auxiliary[s % rewarded.auxiliary.length] ?? 0,
        );
        const system = { ...known, auxiliarySize: 0, auxiliary: new Float64Array(0) };
        const { foresight } = foresee({ system, task: { name: 'task', values }, factors: [], seed });
        const { classOf } = largestBisimulation({ ...system, auxiliarySize: 1, auxiliary: values });
        const isEnough = (labels: readonly number[]) => {
          const apart = naiveApart(system, values, new Set(labels));
          return apart.every((row, s) => row.every((each, t) => each || classOf[s] === classOf[t]));
        };
        const labels = foresight.task?.labels;
        if (labels === undefined) {
          expect(foresight.task?.lost).toBe(0);
          return;
        }
        expect(isEnough(labels.enough)).toBe(true);
        for (const label of labels.enough) expect(isEnough(labels.enough.filter((each) => each !== label))).toBe(false);
        expect(labels.random.median).toBeGreaterThanOrEqual(labels.enough.length > 0 ? 1 : 0);
        expect(labels.random.most).toBeGreaterThanOrEqual(labels.random.median);
      }),
    );
  });
});

// Classes of recorded observations, and what can be claimed of them.
import { describe, expect, test } from 'vitest';
import { recordingSource } from '../../../src/data/recording-source.ts';
import { classesOfColumn, classesOfObserved, classesOfQuantiles } from '../../../src/evaluation/class/recording.ts';
import { type DrawnTransitions, drawTransitions } from '../../../src/evaluation/held-out/recording-draw.ts';
import { permutation, randomFor } from '../../../src/random.ts';
import { corridorRecording } from '../../data/corridor-recording.ts';

describe('classes of a column', () => {
  test('are its values, in order', () => {
    const { labels, names } = classesOfColumn('phase', Float32Array.from([10, 2, 10, -1]), 1);
    expect(names).toEqual(['phase -1', 'phase 2', 'phase 10']);
    expect(Array.from(labels)).toEqual([2, 1, 2, 0]);
  });

  test('may be pairs of numbers', () => {
    expect(classesOfColumn('cell', Float32Array.from([1, 0, 0, 1, 1, 0]), 2).names).toEqual(['cell 0 1', 'cell 1 0']);
  });

  test('are refused where a column is no label', () => {
    const values = Float32Array.from({ length: 100 }, (_, i) => i / 7);
    expect(() => classesOfColumn('speed', values, 1)).toThrow('expected at most 64 different values, got 100');
  });
});

describe('quantiles', () => {
  test('have as many observations each, and say their ranges', () => {
    const values = Float32Array.from({ length: 12 }, (_, i) => (i * 5) % 12);
    const { labels, names } = classesOfQuantiles('reward', values, 4);
    expect(names).toEqual(['reward 0 to 3', 'reward 3 to 6', 'reward 6 to 9', 'reward from 9']);
    for (const [n, label] of labels.entries()) expect(label).toBe(Math.floor(values[n] / 3));
  });

  test('of a few values are the values', () => {
    const { labels, names } = classesOfQuantiles('reward', Float32Array.from([1, 0, 0, 0]), 4);
    expect(names).toEqual(['reward 0', 'reward 1']);
    expect(Array.from(labels)).toEqual([1, 0, 0, 0]);
  });

  test('with one value that fills several are fewer', () => {
    const values = Float32Array.from([0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    expect(classesOfQuantiles('reward', values, 4).names).toEqual(['reward 0 to 2', 'reward from 2']);
  });

  test('are told apart beyond float32, by as many digits as their names need', () => {
    const days = Float64Array.of(20240102, 20240103, 20240104, 20240103);
    const { labels, names } = classesOfQuantiles('day', days, 4);
    expect([...labels]).toEqual([0, 1, 2, 1]);
    expect(names).toEqual(['day 20240102', 'day 20240103', 'day 20240104']);
    expect(classesOfQuantiles('day', days, 2).names).toEqual(['day 20240102 to 20240103', 'day from 20240103']);
    expect(classesOfColumn('day', days, 1).names).toEqual(names);
  });

  test('of a constant are refused', () => {
    expect(() => classesOfQuantiles('reward', new Float32Array(5), 4)).toThrow('got reward = 0 for all held-out');
  });
});

/** Transitions between numbered observations, with p of each. */
function transitions(rows: readonly (readonly [from: number, action: number, to: number])[], p: readonly number[]) {
  const column = (i: 0 | 1 | 2) => Float32Array.from(rows, (row) => row[i]);
  const drawn: Omit<DrawnTransitions, 'episodes'> = {
    count: rows.length,
    from: column(0),
    to: column(2),
    actions: column(1),
    auxiliaryFrom: Float32Array.from(rows, ([from]) => p[from]),
    auxiliaryTo: Float32Array.from(rows, ([, , to]) => p[to]),
  };
  return drawn;
}

const shared = { observationSize: 1, actionSize: 1, auxiliary: 'reward' };

/** Every way to give the states latents (numbers) for which a predictor and a head with zero loss exist. */
function labellingsWithoutLoss(
  rows: readonly (readonly [from: number, action: number, to: number])[],
  p: readonly number[],
  seen: readonly number[],
): Map<number, number>[] {
  const found: Map<number, number>[] = [];
  const choose = (latents: Map<number, number>, index: number): void => {
    if (index < seen.length) {
      const used = Math.max(-1, ...latents.values());
      for (let latent = 0; latent <= used + 1; latent++) choose(new Map(latents).set(seen[index], latent), index + 1);
      return;
    }
    const heads = new Map<number, number>();
    for (const state of seen) {
      const latent = latents.get(state) ?? -1;
      if ((heads.get(latent) ?? p[state]) !== p[state]) return;
      heads.set(latent, p[state]);
    }
    const predicted = new Map<string, number>();
    for (const [from, action, to] of rows) {
      const key = `${latents.get(from)} ${action}`;
      const next = latents.get(to) ?? -1;
      if ((predicted.get(key) ?? next) !== next) return;
      predicted.set(key, next);
    }
    found.push(latents);
  };
  choose(new Map(), 0);
  return found;
}

/** The classes of numbered states, by transitions between them. */
function classesOfStates(
  rows: readonly (readonly [from: number, action: number, to: number])[],
  p: readonly number[],
  asked: readonly number[],
) {
  const trained = transitions(rows, p);
  const observations = Float32Array.from(asked);
  const [from, to] = [trained.from as Float32Array, trained.to as Float32Array];
  return classesOfObserved({
    ...shared,
    trained,
    observations,
    states: { column: 'state', size: 1, from, to, observations },
  });
}

describe('observed classes', () => {
  // From 0 the world slips: to 1 (p = 0) once, to 2 (p = 1) three times. From 3 it always goes to 2.
  const slippery = [
    [0, 0, 1],
    [0, 0, 2],
    [0, 0, 2],
    [0, 0, 2],
    [3, 0, 2],
  ] as const;
  const ofSlippery = (rows: readonly (readonly [number, number, number])[], hasColumn: boolean) => {
    const trained = transitions(rows, [0, 0, 1, 0]);
    const shared = {
      observationSize: 1,
      actionSize: 1,
      auxiliary: 'reward',
      observations: Float32Array.of(0, 1, 2, 3),
    };
    const states = { column: 'state', size: 1, from: trained.from as Float32Array, to: trained.to as Float32Array };
    return classesOfObserved({
      ...shared,
      trained,
      ...(hasColumn ? { states: { ...states, observations: shared.observations } } : {}),
    });
  };

  test('of a world that slips are the same in any order of the rows, and guarantee nothing', () => {
    const orders = [0, 1, 2, 3, 4].map((first) => [...slippery.slice(first), ...slippery.slice(0, first)]);
    for (const hasColumn of [true, false]) {
      const found = [...orders, [...slippery].reverse()].map((rows) => ofSlippery(rows, hasColumn));
      for (const { labels, guaranteedShare, contradictions, claim } of found) {
        expect(Array.from(labels)).toEqual(Array.from(found[0].labels));
        expect(guaranteedShare).toBe(0);
        expect(contradictions).toBe(1);
        expect(claim).toContain('1 of 5 transitions contradict');
        expect(claim).toContain('nothing is guaranteed');
      }
    }
    // What was seen most often stands: 0 and 3 both lead to 2.
    const { labels, claim } = ofSlippery(slippery, true);
    expect(labels[0]).toBe(labels[3]);
    expect(claim).toContain('(state 0 leads by one action to state 2 and to state 1)');
  });

  test('of 1,000 random data sets, permuted and relabelled, guarantee nothing that a search over all labellings refutes', () => {
    let guaranteed = 0;
    for (let trial = 0; trial < 250; trial++) {
      const random = randomFor('observed guarantee', trial);
      const p = Array.from({ length: 4 }, () => random.integer(2));
      const rows = Array.from(
        { length: 3 + random.integer(6) },
        () => [random.integer(4), random.integer(2), random.integer(4)] as const,
      );
      const seen = [...new Set(rows.flatMap(([from, , to]) => [from, to]))];
      const possible = labellingsWithoutLoss(rows, p, seen);
      const isNeverEqual = (a: number, b: number) => possible.every((latents) => latents.get(a) !== latents.get(b));
      const isAlwaysEqual = (a: number, b: number) => possible.every((latents) => latents.get(a) === latents.get(b));
      // States that every encoder with zero loss merges are one.
      const apart = seen.filter((a, i) => !seen.slice(0, i).some((b) => isAlwaysEqual(a, b)));
      for (let variant = 0; variant < 4; variant++) {
        // The first is the data set itself; in the others states and actions have other numbers, and all rows come in another order.
        const [newState, newAction, order] =
          variant === 0
            ? [[0, 1, 2, 3], [0, 1], rows.map((_, n) => n)]
            : [permutation(4, random), permutation(2, random), permutation(rows.length, random)];
        const own = Array.from(order, (n) => {
          const [from, action, to] = rows[n];
          return [newState[from], newAction[action], newState[to]] as const;
        });
        const values = new Array<number>(4);
        p.forEach((value, state) => {
          values[newState[state]] = value;
        });
        const states = seen.map((state) => newState[state]);
        const found = classesOfStates(own, values, states);
        const permuted = classesOfStates([...own].reverse(), values, states);
        expect(Array.from(permuted.labels)).toEqual(Array.from(found.labels));
        expect(permuted.claim).toBe(found.claim);
        expect(found.contradictions > 0).toBe(possible.length === 0);
        if (possible.length === 0) {
          expect(found.guaranteedShare).toBe(0);
          continue;
        }
        const labelOf = new Map(seen.map((state, n) => [state, found.labels[n]]));
        const pairs = apart.flatMap((a, i) => apart.slice(0, i).map((b) => [a, b] as const));
        const different = pairs.filter(([a, b]) => labelOf.get(a) !== labelOf.get(b));
        const certain = different.filter(([a, b]) => isNeverEqual(a, b));
        // Of the pairs in different classes no larger share is promised than is different in every encoder with zero loss.
        expect(found.guaranteedShare).toBeLessThanOrEqual(
          different.length === 0 ? 1 : certain.length / different.length,
        );
        if (found.guaranteedShare === 1) guaranteed += different.length;
      }
    }
    // Some of them do promise something.
    expect(guaranteed).toBeGreaterThan(100);
  });

  // 0 -right-> 1 -right-> 2, and back; the reward is at 2.
  const line = [
    [0, 1, 1],
    [1, 1, 2],
    [2, 1, 2],
    [0, 0, 0],
    [1, 0, 0],
    [2, 0, 1],
  ] as const;

  test('of a complete system are its bisimulation classes, all pairs guaranteed', () => {
    const { labels, guaranteedShare, claim } = classesOfObserved({
      ...shared,
      trained: transitions(line, [0, 0, 1]),
      observations: Float32Array.from([2, 0, 1, 9]),
    });
    expect(new Set(labels.subarray(0, 3)).size).toBe(3);
    expect(labels[3]).toBe(-1);
    expect(guaranteedShare).toBe(1);
    expect(claim).toContain('100% of the pairs');
  });

  test('that a word tells apart in part only have a smaller share', () => {
    // What follows 0 and 3 is known for no common action: nothing tells them apart, but 1 is apart from 2 by its reward.
    const { guaranteedShare } = classesOfObserved({
      ...shared,
      trained: transitions(
        [
          [0, 1, 1],
          [3, 0, 2],
          [1, 1, 2],
        ],
        [0, 0, 1, 0],
      ),
      observations: Float32Array.from([0, 3]),
    });
    expect(guaranteedShare).toBeLessThan(1);
    expect(guaranteedShare).toBeGreaterThan(0);
  });

  test('are refused where p is no function of the state', () => {
    const trained = transitions(line, [0, 0, 1]);
    trained.auxiliaryFrom[0] = 5;
    expect(() => classesOfObserved({ ...shared, trained, observations: Float32Array.from([0]) })).toThrow(
      'expected one value of reward for every observation, got 5 and 0',
    );
  });
});

describe('drawTransitions', () => {
  test('draws every transition once, in another order for another seed', async () => {
    const recording = corridorRecording({ episodes: 6 });
    const source = await recordingSource(recording, {
      ...{ seed: 0, split: 'all', auxiliary: ['cell'] },
      roles: { observation: ['position'], action: ['move'] },
    });
    const whole = await drawTransitions(source, 1000, 0);
    expect(whole.count).toBe(6 * 12);
    const keyOf = ({ to }: DrawnTransitions, n: number) => to.subarray(2 * n, 2 * n + 2).join();
    const keys = Array.from({ length: whole.count }, (_, n) => keyOf(whole, n));
    expect(new Set(keys).size).toBe(whole.count);
    for (let n = 0; n < whole.count; n++) {
      // A move leads to the next cell, or stays at an end.
      const [from, to] = [whole.auxiliaryFrom[n], whole.auxiliaryTo[n]];
      const move = whole.actions[2 * n] === 1 ? -1 : 1;
      expect(to).toBe(Math.max(0, Math.min(4, from + move)));
    }
    const other = await drawTransitions(source, 20, 3);
    const others = Array.from({ length: other.count }, (_, n) => keyOf(other, n));
    expect(other.count).toBe(20);
    expect(new Set(others).size).toBe(20);
    expect(others).not.toEqual(keys.slice(0, 20));
    for (const key of others) expect(keys).toContain(key);
    await source.dispose();
  });
});

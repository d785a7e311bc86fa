import { describe, expect, test } from 'vitest';
import { CollapseGate, requireCollapseMeasure } from '../../src/training/collapse-gate.ts';

const configuration = { action: 'warn' as const, measure: 'latentDeviation' as const, below: 0.1, patience: 3 };

describe('collapse gate', () => {
  test('speaks once, after the deviation was below the threshold for the patience', () => {
    const gate = new CollapseGate(configuration);
    gate.observe(2);
    gate.observe(0.1);
    const said = [0.19, 0.18, 0.17, 0.16].map((deviation, row) => gate.judgeDeviation(row, deviation));
    expect(said.map((sentence) => sentence !== undefined)).toEqual([false, false, true, false]);
    expect(said[2]).toContain('0.170, 0.085 times that of the first step, for 3 rows');
  });

  test('forgets where the latents spread again', () => {
    const gate = new CollapseGate(configuration);
    gate.observe(2);
    const said = [0.1, 0.1, 0.3, 0.1, 0.1].map((deviation, row) => gate.judgeDeviation(row, deviation));
    expect(said).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  test('goes on from a restored state as if it had not stopped', () => {
    const first = new CollapseGate(configuration);
    first.observe(2);
    first.judgeDeviation(0, 0.1);
    first.judgeDeviation(1, 0.1);
    const second = new CollapseGate(configuration);
    second.restore(first.state());
    expect(second.judgeDeviation(2, 0.1)).toContain('collapsed');
  });

  test('watches another measure as it is, and the deviation no more', () => {
    const gate = new CollapseGate({ action: 'warn', measure: 'accuracy', below: 0.5, patience: 2 });
    gate.observe(2);
    expect([1, 2, 3].map((step) => gate.judgeDeviation(step, 0))).toEqual([undefined, undefined, undefined]);
    const said = [0.4, 0.5, 0.25, 0.125].map((accuracy, row) => gate.judgeMeasures(row, { accuracy, rankMe: 0 }));
    expect(said.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    expect(said[3]).toBe('step 3: the latents have collapsed: accuracy is 0.125, below 0.5, for 2 rows of measures');
  });

  test('takes no measure for the deviation', () => {
    const gate = new CollapseGate({ ...configuration, patience: 1 });
    expect(gate.judgeMeasures(1, { meanDistance: 0 })).toBeUndefined();
  });
});

describe('what a collapse gate watches', () => {
  const observations = new Uint8Array(12);
  const collapse = { action: 'stop' as const, measure: 'accuracy' as const, below: 0.5, patience: 1 };

  test.each([
    [0, { observations }, 'measureEvery above 0 beside accuracy, got 0'],
    [10, undefined, 'held-out observations to measure accuracy of, got none'],
    [10, { observations }, 'what is measured without known classes, got accuracy'],
  ])('is refused where it is not measured: every %s steps, baseline %o', (measureEvery, baseline, message) => {
    expect(() => requireCollapseMeasure({ collapse, measureEvery }, baseline)).toThrow(message);
  });

  test('may be the latents without known classes', () => {
    const watched = { collapse: { ...collapse, measure: 'meanDistance' as const }, measureEvery: 10 };
    expect(() => requireCollapseMeasure(watched, { observations })).not.toThrow();
  });
});

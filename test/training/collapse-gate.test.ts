import { describe, expect, test } from 'vitest';
import { CollapseGate } from '../../src/training/collapse-gate.ts';

const configuration = { action: 'warn' as const, below: 0.1, patience: 3 };

describe('collapse gate', () => {
  test('speaks once, after the deviation was below the threshold for the patience', () => {
    const gate = new CollapseGate(configuration);
    gate.observe(2);
    gate.observe(0.1);
    const said = [0.19, 0.18, 0.17, 0.16].map((deviation, row) => gate.judge(row, deviation));
    expect(said.map((sentence) => sentence !== undefined)).toEqual([false, false, true, false]);
    expect(said[2]).toContain('0.170, 0.085 times that of the first step, for 3 rows');
  });

  test('forgets where the latents spread again', () => {
    const gate = new CollapseGate(configuration);
    gate.observe(2);
    const said = [0.1, 0.1, 0.3, 0.1, 0.1].map((deviation, row) => gate.judge(row, deviation));
    expect(said).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  test('goes on from a restored state as if it had not stopped', () => {
    const first = new CollapseGate(configuration);
    first.observe(2);
    first.judge(0, 0.1);
    first.judge(1, 0.1);
    const second = new CollapseGate(configuration);
    second.restore(first.state());
    expect(second.judge(2, 0.1)).toContain('collapsed');
  });
});

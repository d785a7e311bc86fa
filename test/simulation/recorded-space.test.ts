// Whether a simulator is what a recording was made of, and what is made to fit.
import { describe, expect, test } from 'vitest';
import { poolOf } from '../../src/simulation/module.ts';
import type { SimulatorPool } from '../../src/simulation/pool.ts';
import { asRecorded, type RecordedSpaces } from '../../src/simulation/recorded-space.ts';
import type { Simulator } from '../../src/simulation/simulator.ts';

/** White above, black below. */
function imagePool(side: number, channels: 1 | 3, choices = 2): SimulatorPool {
  const image = new Uint8Array(side * side * channels).fill(255, 0, (side * side * channels) / 2);
  const simulator: Simulator = {
    observation: { kind: 'image', shape: [side, side, channels] },
    action: { kind: 'discrete', names: Array.from({ length: choices }, (_, i) => `a${i}`) },
    reset: () => image,
    step: () => ({ observation: image, reward: 0, isTerminal: false }),
    save: () => 0,
    restore: () => {},
  };
  return poolOf(simulator, 'env.ts');
}

function recorded(
  shape: readonly number[],
  action: Pick<RecordedSpaces['action'][number], 'actionCount' | 'size'> = { actionCount: 2, size: 2 },
): RecordedSpaces {
  const statistics = { mean: [0], deviation: [1] };
  const kind = shape.length === 1 ? 'vector' : 'image';
  return {
    name: 'recording.npz',
    observation: [{ kind, shape, offset: 0, columns: ['observations'], ...statistics }],
    action: [{ column: 'actions', ...action, ...statistics }],
  };
}

describe('a simulator as it was recorded', () => {
  test('is left as it is where it fits, one frame of a stack of them', () => {
    const pool = imagePool(8, 3);
    expect(asRecorded(pool, recorded([8, 8, 3]), { stack: 1 })).toBe(pool);
    expect(asRecorded(pool, recorded([8, 8, 12]), { stack: 4 })).toBe(pool);
  });

  test('has its frames brought to the size of the recording, also of what is branched, and a line says so', async () => {
    const notes: string[] = [];
    const pool = asRecorded(imagePool(16, 1), recorded([8, 8, 1]), { stack: 1, onNote: (note) => notes.push(note) });
    expect(notes).toEqual(['env.ts: images of 16 x 16 are brought to 8 x 8, the size of recording.npz']);
    const expected = new Uint8Array(64).fill(255, 0, 32);
    const [first] = await pool.reset([0], [0]);
    expect(first.observation).toEqual(expected);
    const handle = await pool.branching?.save(0);
    const [branch] = (await pool.branching?.branch(0, [handle ?? Number.NaN], [1])) ?? [];
    expect(branch.observation).toEqual(expected);
  });

  test.each([
    [recorded([8, 8, 3]), "observations as in the run's recording, images [8, 8, 3], got images [8, 8, 1]"],
    [recorded([4]), "observations as in the run's recording, 4 numbers, got images [8, 8, 1]"],
    [recorded([8, 8, 1], { actionCount: 3, size: 3 }), "actions as in the run's recording, 3 choices, got 2 choices"],
    [recorded([8, 8, 1], { size: 2 }), "actions as in the run's recording, 2 numbers, got 2 choices"],
  ])('of another kind is refused: %#', (record, message) => {
    expect(() => asRecorded(imagePool(8, 1), record, { stack: 1 })).toThrow(`env.ts: expected ${message}`);
  });
});

import { expect, onTestFinished, test } from 'vitest';
import { openRecording } from '../../../src/data/readers/index.ts';
import { fixture } from '../small-recording.ts';
import { testReader } from './reader-cases.ts';

const columns = {
  image: { name: 'observations', hasLast: true },
  state: { name: 'state', hasLast: true },
  action: { name: 'actions', hasLast: false },
  control: { name: 'control', hasLast: false },
  reward: { name: 'rewards', hasLast: false },
  label: { name: 'label', hasLast: true },
};
const roles = { observation: ['observations'], action: ['actions'], reward: 'rewards' };

testReader({ file: 'stored.npz', format: 'NPZ', columns, roles, notes: [] });
testReader({ file: 'compressed.npz', format: 'NPZ', columns, roles, notes: [] });
testReader({
  file: 'fortran-big-endian.npz',
  format: 'NPZ',
  columns,
  roles,
  notes: ['note: 1 rows for 14 steps in 3 episodes, left out'],
});

test('every type of numbers, in both byte orders and both orders of axes, has the values that NumPy wrote', async () => {
  const recording = await openRecording(fixture('types.npz'));
  onTestFinished(() => recording.dispose());
  expect(recording.columns.size).toBe(12 * 2 * 2);
  for (const name of recording.columns.keys()) {
    const values = Array.from({ length: 36 }, (_, i) => ((i * 7) % 23) - 11);
    const expected = values.map((value) =>
      name[0] === 'u' ? Math.abs(value) : name[0] === 'b' ? Number(value !== 0) : value,
    );
    for (const [from, to] of [
      [0, 6],
      [2, 5],
    ])
      expect([name, Array.from(await recording.read(name, from, to), Number)]).toEqual([
        name,
        expected.slice(from * 6, to * 6),
      ]);
  }
});

test('halves are the floats that NumPy makes of them: subnormal, largest, infinite and none', async () => {
  const recording = await openRecording(fixture('halves.npz'));
  onTestFinished(() => recording.dispose());
  expect(await recording.read('half', 0, 10)).toEqual(await recording.read('float', 0, 10));
});

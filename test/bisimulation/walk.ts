// A recorded walk on four cells: action 1 leads one up, action 0 one down, the reward is 1 in cell 3.
import { memoryRecording } from '../data/memory-recording.ts';

const lengths = [5, 3];

/** Cells 0 1 2 3 2 and 1 2 1. A row an observation, but for the actions. */
export const walk = memoryRecording(
  {
    observation: {
      type: 'float32',
      shape: [2],
      lengths,
      values: Float32Array.of(0, 9, 1, 9, 2, 9, 3, 9, 2, 9, 1, 9, 2, 9, 1, 9),
    },
    action: { type: 'int64', shape: [], lengths: [4, 2], values: BigInt64Array.of(1n, 1n, 1n, 0n, 1n, 0n) },
    reward: { type: 'float64', shape: [], lengths, values: Float64Array.of(0, 0, 0, 1, 0, 0, 0, 0) },
    cell: { type: 'int32', shape: [], lengths, values: Int32Array.of(0, 1, 2, 3, 2, 1, 2, 1) },
  },
  { observation: ['observation'], action: ['action'], reward: 'reward' },
);

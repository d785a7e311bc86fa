// A recording of a corridor of cells seen by a small camera, out of arrays: the state is known, and the reward at the right
// end tells all cells apart.
import { randomFor } from '../../src/random.ts';
import { type MemoryRecording, memoryRecording } from './memory-recording.ts';

export const CORRIDOR_CELLS = 5;

export interface CorridorOptions {
  readonly episodes?: number;
  /** What is named `reward`; by default 1 in the last cell, 0 elsewhere. */
  readonly reward?: (cell: number) => number;
}

/** Images [8, 8, 1] of a light in the row of the cell, positions [2], moves 0 (left) and 1 (right), pushes [1]. */
export function corridorRecording({ episodes = 30, reward }: CorridorOptions = {}): MemoryRecording {
  const steps = 12;
  const random = randomFor('corridor');
  const cells: number[] = [];
  const moves: number[] = [];
  const rewards: number[] = [];
  const images: number[] = [];
  const positions: number[] = [];
  const rewardOf = reward ?? ((cell: number) => (cell === CORRIDOR_CELLS - 1 ? 1 : 0));
  for (let e = 0; e < episodes; e++) {
    let cell = random.integer(CORRIDOR_CELLS);
    for (let t = 0; t <= steps; t++) {
      cells.push(cell);
      for (let pixel = 0; pixel < 64; pixel++)
        images.push((Math.floor(pixel / 8) === cell ? 200 : 20) + random.integer(20));
      positions.push(500 + 100 * cell + random.normal(), random.normal());
      if (t === steps) break;
      const move = random.integer(2);
      cell = Math.max(0, Math.min(CORRIDOR_CELLS - 1, cell + 2 * move - 1));
      moves.push(move);
      rewards.push(rewardOf(cell));
    }
  }
  const [observed, acted] = [Array(episodes).fill(steps + 1), Array(episodes).fill(steps)];
  return memoryRecording(
    {
      image: { type: 'uint8', shape: [8, 8, 1], lengths: observed, values: Uint8Array.from(images) },
      position: { type: 'float32', shape: [2], lengths: observed, values: Float32Array.from(positions) },
      cell: { type: 'int32', shape: [], lengths: observed, values: Int32Array.from(cells) },
      move: { type: 'int32', shape: [], lengths: acted, values: Int32Array.from(moves) },
      push: {
        type: 'float32',
        shape: [1],
        lengths: acted,
        values: Float32Array.from(moves, (move) => 100 * move - 50),
      },
      reward: { type: 'float32', shape: [], lengths: acted, values: Float32Array.from(rewards) },
    },
    { observation: ['image'], action: ['move'], reward: 'reward' },
  );
}

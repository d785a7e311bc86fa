import { describe, expect, test } from 'vitest';
import { createAuxiliaries, environmentContext, parseAuxiliary } from '../../src/auxiliary/index.ts';
import { largestBisimulation, systemOfEnvironment } from '../../src/bisimulation/index.ts';
import { createEnvironment, type Environment } from '../../src/environments/index.ts';
import { randomFor } from '../../src/random.ts';

function stateAt(environment: Environment, row: number, column: number, cloud: number): number {
  const wanted = [row, column, cloud];
  const states = Array.from({ length: environment.stateCount }, (_, state) => state);
  return states.findIndex((state) => environment.factors?.every((factor, index) => factor.of(state) === wanted[index]));
}

const [UP, DOWN, LEFT, RIGHT] = [0, 1, 2, 3];

describe('rooms', () => {
  const rooms = createEnvironment('rooms');

  test('has forty cells and eight places of the cloud', () => {
    expect(rooms.stateCount).toBe(40 * 8);
  });

  test('walls and the border stop the agent, doors let it pass, and the cloud moves on all the same', () => {
    expect(rooms.next(stateAt(rooms, 0, 0, 7), UP)).toBe(stateAt(rooms, 0, 0, 0));
    expect(rooms.next(stateAt(rooms, 0, 2, 0), RIGHT)).toBe(stateAt(rooms, 0, 2, 1));
    expect(rooms.next(stateAt(rooms, 1, 2, 0), RIGHT)).toBe(stateAt(rooms, 1, 3, 1));
    expect(rooms.next(stateAt(rooms, 1, 3, 1), DOWN)).toBe(stateAt(rooms, 1, 3, 2));
    expect(rooms.next(stateAt(rooms, 1, 3, 2), LEFT)).toBe(stateAt(rooms, 1, 2, 3));
  });

  test.each(['sparse', 'dense'])(
    'with the %s reward, the bisimulation classes are the cells: the cloud is forgotten',
    async (reward) => {
      const environment = createEnvironment('rooms', { reward });
      const context = environmentContext(environment, 0);
      const auxiliaries = await createAuxiliaries([parseAuxiliary('auxiliary', 'reward')], context);
      const { classCount, classSize } = largestBisimulation(systemOfEnvironment(environment, auxiliaries));
      expect(classCount).toBe(40);
      expect(new Set(classSize)).toEqual(new Set([8]));
    },
  );

  test('the dense reward falls with the number of steps to the goal', () => {
    const dense = createEnvironment('rooms', { reward: 'dense' });
    expect(dense.reward(stateAt(dense, 0, 0, 3))).toBe(2);
    // The farthest cell is the opposite corner, 12 steps away.
    expect(dense.reward(stateAt(dense, 0, 1, 3))).toBeCloseTo(1 - 1 / 12, 6);
    expect(dense.reward(stateAt(dense, 6, 6, 3))).toBe(0);
  });

  test('the cloud is drawn anew every time where the state says, and the agent above it', () => {
    const state = stateAt(rooms, 3, 5, 0);
    const appearance = rooms.drawAppearance(randomFor('test', 0));
    const images = [1, 2].map((seed) => {
      const pixels = new Uint8Array(64 * 64 * 3);
      rooms.render(state, appearance, randomFor('test', seed), pixels);
      return pixels;
    });
    // Phase 0 is to the right of the middle, at (52, 32), six pixels each way; the agent's centre is at (49, 31).
    const differing = Array.from({ length: 64 * 64 }, (_, pixel) => pixel).filter((pixel) =>
      [0, 1, 2].some((channel) => images[0][3 * pixel + channel] !== images[1][3 * pixel + channel]),
    );
    const columns = differing.map((pixel) => pixel % 64);
    const rows = differing.map((pixel) => Math.floor(pixel / 64));
    expect([Math.min(...columns), Math.max(...columns), Math.min(...rows), Math.max(...rows)]).toEqual([
      46, 57, 26, 37,
    ]);
    const centre = 3 * (31 * 64 + 49);
    expect([...images[0].subarray(centre, centre + 3)]).toEqual([appearance.red, appearance.green, appearance.blue]);
  });
});

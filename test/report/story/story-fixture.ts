// A story of three states and two arms, small enough to be read: two frames each, one picture a state.
import { STORY_FORMAT, type Story } from '../../../src/report/story/story.ts';

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const examples = [pixel, pixel, pixel];

export const fixtureStory: Story = {
  format: STORY_FORMAT,
  environment: 'counting',
  seed: 0,
  states: ['0', '1', '<2>'],
  rewards: [1, 0, 0],
  actions: ['-1', '+1'],
  next: [
    [0, 1],
    [0, 2],
    [1, 2],
  ],
  words: [
    [null, [], []],
    [[], null, [0]],
    [[], [0], null],
  ],
  labels: [0, 1, 2],
  examples,
  arms: [
    {
      id: 'dynamics-only',
      name: 'dynamics only',
      frames: [
        { step: 0, points: [-900, 0, 0, 0, 900, 0], accuracy: 0.4, spread: 1 },
        { step: 16, points: [0, 0, 0, 0, 1, 0], accuracy: 0.34, spread: 0.003 },
      ],
      drawn: examples,
    },
    {
      id: 'joint',
      name: 'dynamics + reward',
      frames: [
        { step: 0, points: [-900, 0, 0, 0, 900, 0], accuracy: 0.4, spread: 1 },
        { step: 16, points: [-800, 0, 100, 700, 800, 0], accuracy: 0.99, spread: 0.9 },
      ],
      drawn: examples,
    },
  ],
};

// The worlds of the playground: built-in environments, small enough that a browser learns them in seconds.

export const playWorldNames = ['counting', 'line', 'rooms'] as const;
export type PlayWorldName = (typeof playWorldNames)[number];

export interface PlayWorld {
  /** A name of `createEnvironment`, and its options beside what the knobs say. */
  readonly environment: string;
  readonly options: Readonly<Record<string, number>>;
  /** Of a whole training. */
  readonly steps: number;
  /** What the classes by reward are here, in a few words. */
  readonly classes: string;
  /** What one sees in an image, and what the actions do, in a sentence. */
  readonly words: string;
}

export const playWorlds: Readonly<Record<PlayWorldName, PlayWorld>> = {
  counting: {
    environment: 'counting',
    options: { size: 32, maximum: 4 },
    steps: 1200,
    classes: 'the number of objects',
    words:
      'Images show 0 to 4 objects. The two actions add or remove one. Only the count matters: colour, shape and places are drawn anew.',
  },
  line: {
    environment: 'line',
    options: { cells: 7, lamps: 4 },
    steps: 1200,
    classes: 'the cell of the walker',
    words:
      'A walker steps left or right on seven cells; the reward is in the green one. The yellow lamp above moves by itself and matters to nothing.',
  },
  rooms: {
    environment: 'rooms',
    options: { roomSize: 2, phases: 4 },
    steps: 1600,
    classes: 'the cell of the agent',
    words:
      'An agent walks through four rooms to the green cell. A cloud of noise drifts over them and matters to nothing. The largest world here: it takes minutes.',
  },
};

// A state that a model carries from run to run, in the host's memory: for runtimes that leave their outputs there anyway.
import type { CarryingSession, RuntimeSession, RuntimeTensor } from './runtime.ts';

/** @param carried name of an input -> the output that is its next value */
export function carryingSession(session: RuntimeSession, carried: Readonly<Record<string, string>>): CarryingSession {
  let state: Readonly<Record<string, RuntimeTensor>> = {};
  return {
    inputs: session.inputs.filter(({ name }) => !(name in carried)),
    write: (given) => {
      state = given;
    },
    async run(feeds) {
      const outputs = await session.run({ ...feeds, ...state });
      state = Object.fromEntries(Object.entries(carried).map(([input, output]) => [input, outputs[output]]));
      const next = new Set(Object.values(carried));
      return Object.fromEntries(Object.entries(outputs).filter(([name]) => !next.has(name)));
    },
    read: async () => state,
    dispose: () => session.dispose(),
  };
}

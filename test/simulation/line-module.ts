// The line as a user's module.
import { lineSimulator } from './line-simulator.ts';

/** `length` cells; `keeps: false` takes save and restore away. */
export function createSimulator({ length = 6, keeps = true }: { length?: number; keeps?: boolean }) {
  const { save, restore, ...simulator } = lineSimulator(length);
  return keeps ? { ...simulator, save, restore } : simulator;
}

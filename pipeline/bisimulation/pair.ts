// Pairs of states as people name them.
import { option, UsageError } from '../../src/error.ts';

/** Two states, each by its name, or by its number where no state has that name. */
export type NamedPair = readonly [first: string, second: string];

/**
 * The numbers of both.
 * @param subject whose states they are, for the remedy
 * @throws UsageError where a name is not among them
 */
export function findPair(pair: NamedPair, names: readonly string[], subject: string): [number, number] {
  // Where names are numbers themselves, a number is a name.
  const hasNumbers = !/^-?\d+$/.test(names[0]);
  const [first, second] = pair.map((name) => {
    const state = names.indexOf(name);
    if (state >= 0) return state;
    if (hasNumbers && /^\d+$/.test(name) && Number(name) < names.length) return Number(name);
    const alternative = hasNumbers ? `, or a number below ${names.length}` : '';
    throw new UsageError(
      `${option('pair')}: expected the name of a state, such as "${names[0]}"${alternative}, got "${name}"`,
      { remedy: `jepa bisimulation ${subject} --json lists the classes with an example each.` },
    );
  });
  return [first, second];
}

/** [states]: the first observation of each. */
export function firstObservations(stateOf: Int32Array): number[] {
  const first: number[] = [];
  stateOf.forEach((state, observation) => {
    first[state] ??= observation;
  });
  return first;
}

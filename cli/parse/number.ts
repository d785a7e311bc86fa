// Parsers of option values, for commander. Their errors are usage errors of one line.
import { UsageError } from '../../src/error.ts';

/** A whole number of at least `minimum`. */
export function parseWhole(option: string, minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < minimum)
      throw new UsageError(`${option}: expected a whole number of at least ${minimum}, got "${text}"`);
    return value;
  };
}

/** A number that is right. @param expected says which: `a number of at least 0` */
export function parseNumber(
  option: string,
  expected: string,
  isRight: (value: number) => boolean,
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || !isRight(value))
      throw new UsageError(`${option}: expected ${expected}, got "${text}"`);
    return value;
  };
}

/** A number of at least 0. */
export function parseNonNegative(option: string): (text: string) => number {
  return parseNumber(option, 'a number of at least 0', (value) => value >= 0);
}

/** Gathers a repeatable option. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

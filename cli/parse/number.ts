// Parsers of option values, for commander. Their errors are usage errors of one line.
import { statSync } from 'node:fs';
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

/** A number of at least 0. */
export function parseNonNegative(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < 0)
      throw new UsageError(`${option}: expected a number of at least 0, got "${text}"`);
    return value;
  };
}

/** @throws UsageError where an argument names no file: a wrong call, and no failure of what was asked for */
export function requireFile(path: string, expected: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return;
  throw new UsageError(`${path}: expected ${expected}, got ${found ? 'a folder' : 'nothing there'}`, {
    remedy: 'Check the path.',
  });
}

/** Gathers a repeatable option. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

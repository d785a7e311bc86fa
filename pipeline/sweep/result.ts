// What a unit of a sweep leaves: one small file with what came out, written when all else is done; or why it failed.
import { join } from 'node:path';
import * as z from 'zod';
import { FormatError } from '../../src/error.ts';
import { measureNames } from '../../src/evaluation/sweep/measure.ts';
import { formatJson, parseJsonIfAny } from '../../src/json.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { readTextIfPresent } from '../../src/storage/file-system.ts';

const resultSchema = z.strictObject({
  id: z.string(),
  rung: z.int().min(0),
  steps: z.int().min(1),
  verdict: z.string(),
  measures: z.record(z.enum(measureNames), z.number().nullable()),
});
/** What came out of one unit: the same bytes wherever and however often it was interrupted. */
export type UnitResult = z.output<typeof resultSchema>;

/** Why a unit failed the last time; gone once it is done. */
export interface UnitFailure {
  readonly message: string;
}

/** Where a unit's files are. */
export interface UnitPaths {
  readonly run: string;
  readonly log: string;
  readonly result: string;
  readonly failure: string;
}

/** @param id of the unit, such as `003-seed-1` */
export function unitPaths(folder: string, id: string, rung: number): UnitPaths {
  const name = rung === 0 ? id : `${id}-rung-${rung}`;
  return {
    run: join(folder, 'runs', id),
    log: join(folder, 'logs', `${name}.log`),
    result: join(folder, 'units', `${name}.json`),
    failure: join(folder, 'units', `${name}.failed.json`),
  };
}

/** Undefined where the unit is not done. @throws FormatError for a file that this version did not write */
export function readResult({ result }: UnitPaths): UnitResult | undefined {
  const text = readTextIfPresent(result);
  if (text === undefined) return undefined;
  const { data } = resultSchema.safeParse(parseJsonIfAny(text));
  if (data !== undefined) return data;
  throw new FormatError(`${result}: expected the result of a unit, got ${JSON.stringify(text.slice(0, 60))}`, {
    remedy: 'Remove the file: the unit is then run again, from what it has.',
  });
}

export function writeResult({ result }: UnitPaths, content: UnitResult): void {
  writeFileAtomic(result, formatJson(content));
}

/** Undefined where it did not fail, or nobody could say why. */
export function readFailure({ failure }: UnitPaths): UnitFailure | undefined {
  const text = readTextIfPresent(failure);
  return text === undefined
    ? undefined
    : (z.strictObject({ message: z.string() }).safeParse(parseJsonIfAny(text)).data ?? { message: 'unknown' });
}

export function writeFailure({ failure }: UnitPaths, content: UnitFailure): void {
  writeFileAtomic(failure, `${JSON.stringify(content)}\n`);
}

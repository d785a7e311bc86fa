// The results that a claims file is judged by: one line for the file itself, then one a run. Whoever reads them for another
// claims file, or another version of it, is refused.
import * as z from 'zod';
import { FormatError, UsageError } from '../../../error.ts';
import { parseJsonIfAny } from '../../../json.ts';
import type { ClaimMeasure, ClaimsFile } from './claims-file.ts';

export const RESULTS_FORMAT = 'jepa-claim-results-1';

const headerSchema = z.strictObject({
  format: z.literal(RESULTS_FORMAT),
  version: z.int().describe('of the claims'),
  claims: z.string().describe("SHA-256 of the claims file's text"),
});

const runSchema = z.strictObject({
  arm: z.string(),
  seed: z.int(),
  /** By step, then by measure; null where a number is not finite. */
  at: z.record(z.string(), z.record(z.string(), z.number().nullable())),
  /** The step at which a loss was not finite; absent where all went well. */
  divergedAt: z.int().optional(),
  /** Wall time. */
  seconds: z.number(),
  /** What computed it. */
  by: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type ClaimRun = z.output<typeof runSchema>;

/** A measure of a run at a step; NaN where it was not measured or is no number. */
export function valueAt({ at }: ClaimRun, step: number, measure: ClaimMeasure): number {
  return at[String(step)]?.[measure] ?? Number.NaN;
}

export function writeResults(claims: ClaimsFile, runs: readonly ClaimRun[]): string {
  const header = { format: RESULTS_FORMAT, version: claims.version, claims: claims.sha256 };
  return [header, ...runs].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** @throws UsageError where they are of other claims, or another version; FormatError where they are no results */
export function readResults(path: string, text: string, claims: ClaimsFile): ClaimRun[] {
  const [first, ...rest] = text.split('\n').filter((line) => line !== '');
  const header = headerSchema.safeParse(parseJsonIfAny(first ?? ''));
  if (!header.success) throw new FormatError(`${path} line 1: expected ${RESULTS_FORMAT}, got ${excerpt(first ?? '')}`);
  const { version, claims: digest } = header.data;
  if (version !== claims.version || digest !== claims.sha256)
    throw new UsageError(
      `${path}: expected results of version ${claims.version} of the claims (${claims.sha256.slice(0, 12)}), got those of version ${version} (${digest.slice(0, 12)})`,
      {
        remedy:
          'Claims are judged by the runs that were made for them: give another file of results, or the earlier claims.',
      },
    );
  return rest.map((line, index) => {
    const run = runSchema.safeParse(parseJsonIfAny(line));
    if (!run.success)
      throw new FormatError(`${path} line ${index + 2}: expected the results of a run, got ${excerpt(line)}`);
    return run.data;
  });
}

const excerpt = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);

// Whether an output is near enough, and what makes a comparison fail.
import { option, UsageError } from '../../error.ts';
import { significant } from '../../number-text.ts';
import type { FailRule } from './fail-rule.ts';
import type { OutputRecord, Tolerance } from './schema.ts';
import type { TensorError } from './tensor-error.ts';

/** Where nothing is said: what another order of float32 sums does in deep networks is below this, a wrong operator above. */
export const defaultTolerance: Tolerance = { relative: 1e-3 };

/** Without classes the numbers decide; with them the classes do, and numbers only where they are given. */
export function defaultRules(hasClasses: boolean, hasTolerance: boolean): FailRule[] {
  return [
    ...(hasTolerance || !hasClasses ? (['tolerance'] as const) : []),
    ...(hasClasses ? (['certificate'] as const) : []),
  ];
}

/** @throws UsageError for rules of classes where there are none */
export function checkRules(rules: readonly FailRule[], hasClasses: boolean): void {
  const needing = rules.find((rule) => rule !== 'tolerance');
  if (needing !== undefined && !hasClasses)
    throw new UsageError(`${option('failOn', needing)}: expected observations with classes, got none`, {
      remedy: `Give them: ${option('data')} and ${option('classes', 'column:NAME')}.`,
    });
}

type Judged = Pick<TensorError, 'maxAbsolute' | 'partOfScale' | 'cosine' | 'sqnrDb' | 'psnrDb' | 'nonFinite'>;

/** What of a tolerance an output breaks, in words. */
export function brokenTolerances(error: Judged, tolerance: Tolerance): string[] {
  const faults: string[] = [];
  const above = (value: number | null, limit: number | undefined, what: string) => {
    if (limit !== undefined && (value === null || value > limit))
      faults.push(
        `${what} ${value === null ? 'is infinite' : `is ${significant(value)}`}, of ${significant(limit)} allowed`,
      );
  };
  const below = (value: number | null, limit: number | undefined, what: string) => {
    if (limit !== undefined && value !== null && value < limit)
      faults.push(`${what} is ${significant(value)}, of at least ${significant(limit)}`);
  };
  above(error.partOfScale, tolerance.relative, 'the largest error as a part of the scale');
  above(error.maxAbsolute, tolerance.absolute, 'the largest error');
  below(error.cosine.smallest, tolerance.cosine, 'the smallest cosine');
  below(error.sqnrDb, tolerance.sqnr, 'the SQNR in dB');
  below(error.psnrDb, tolerance.psnr, 'the PSNR in dB');
  if (error.nonFinite.differing > 0 && faults.length === 0)
    faults.push(`${error.nonFinite.differing} elements are not finite on one side only`);
  return faults;
}

type OutputPair = Pick<OutputRecord, 'name' | 'referenceName' | 'matchedBy'>;

export interface MatchedOutputs {
  readonly pairs: readonly OutputPair[];
  /** Of this file alone. */
  readonly unmatched: string[];
  /** Of the reference alone. */
  readonly missing: string[];
}

/** Outputs of one file beside those of the reference: by name, the rest in their order. */
export function matchOutputs(reference: readonly string[], here: readonly string[]): MatchedOutputs {
  const named = reference.filter((name) => here.includes(name));
  const restOfReference = reference.filter((name) => !here.includes(name));
  const rest = here.filter((name) => !reference.includes(name));
  const byPosition = new Map(restOfReference.map((name, i) => [name, rest[i]]));
  const pairs = reference.flatMap((referenceName): OutputPair[] => {
    if (named.includes(referenceName)) return [{ name: referenceName, referenceName, matchedBy: 'name' }];
    const name = byPosition.get(referenceName);
    return name === undefined ? [] : [{ name, referenceName, matchedBy: 'position' }];
  });
  return {
    pairs,
    unmatched: rest.slice(restOfReference.length),
    missing: restOfReference.slice(rest.length),
  };
}

// What a person writes after --fail-on of `jepa evaluate`.
import { unknownName } from '../../src/error.ts';
import type { EncoderRuntimeRecord } from '../../src/evaluation/schema/evaluation.ts';

/** A distinct verdict whose interval allows another is only that where it is asked for: `--fail-on undecided`. */
export function failWordOf({ verdict, separable }: EncoderRuntimeRecord): string {
  return verdict === 'distinct' && separable.answer === 'undecided' ? 'undecided' : verdict;
}

/** Whether a verdict is the given one or worse. */
export function parseFailOn(name: string | undefined): (verdict: string) => boolean {
  if (name === undefined) return () => false;
  // From worst to best, as in src/measures/verdict.ts.
  const order = ['collapsed', 'coarse', 'undecided'];
  if (!order.includes(name)) throw unknownName('--fail-on', 'a verdict', name, order);
  return (verdict) => order.slice(0, order.indexOf(name) + 1).includes(verdict);
}

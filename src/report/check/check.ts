// The results of a command as a list of checks, for the programs that people's pipelines are made of: JUnit, workflow annotations
// and SARIF are written of it. A check has failed exactly where the command's exit code says so.
import type { DriftRecord } from '../../evaluation/schema/drift.ts';
import type { AnyEvaluationRecord, EncoderRuntimeRecord } from '../../evaluation/schema/evaluation.ts';
import type { GateRecord } from '../../evaluation/schema/gate.ts';
import type { VerificationRecord, VerificationRow } from '../../verification/schema.ts';
import { formatNumber, formatPercent } from '../number.ts';

export interface Check {
  /** What is checked, the same for every subject: `verdict`, `gate`, `runtime`. */
  readonly rule: CheckRule;
  /** The runtime that it is of. */
  readonly runtime: string;
  readonly name: string;
  /** note: nothing failed, and somebody should know. */
  readonly status: 'passed' | 'failed' | 'note' | 'skipped';
  readonly message: string;
}

export type CheckRule = keyof typeof checkRules;

/** With what each rule says. */
export const checkRules = {
  verdict: 'The latents keep apart what must be told apart, as --fail-on asks.',
  rounding: 'Rounding of this size cannot change the verdict.',
  gate: 'Nothing is worse than in the baseline, beyond what chance allows.',
  runtime: 'The runtime gives the same answer as the reference.',
  drift: 'New observations have the latents of those of the baseline.',
} as const;

export interface CheckList {
  readonly command: 'evaluate' | 'verify' | 'drift';
  /** The file or folder that was checked, as it was named. */
  readonly subject: string;
  readonly checks: readonly Check[];
}

/** @param isFailure whether a verdict is what `--fail-on` was asked to fail on */
export function evaluationChecks(
  subject: string,
  record: AnyEvaluationRecord,
  isFailure: (runtime: EncoderRuntimeRecord) => boolean,
): CheckList {
  const runtimes: readonly EncoderRuntimeRecord[] = record.runtimes;
  return {
    command: 'evaluate',
    subject,
    checks: [
      ...runtimes.flatMap((runtime): Check[] => [
        {
          rule: 'verdict',
          runtime: runtime.runtime,
          name: 'verdict',
          status: isFailure(runtime) ? 'failed' : 'passed',
          message: verdictMessage(runtime),
        },
        {
          rule: 'rounding',
          runtime: runtime.runtime,
          name: 'verdict holds',
          status: runtime.verdictHolds ? 'passed' : 'note',
          message:
            runtime.runtime === record.reference.runtime
              ? 'the reference itself'
              : `largest latent error ${formatNumber(runtime.maxLatentError)} against ${record.reference.runtime}, deciding gap ${formatNumber(runtime.decidingGap)}`,
        },
      ]),
      ...(record.gate ? gateChecks(record.gate) : []),
    ],
  };
}

function verdictMessage({ verdict, separable }: EncoderRuntimeRecord): string {
  const [low, high] = [separable.interval[0], separable.interval[1] ?? 1];
  return (
    `${verdict}: ${formatPercent(separable.share)} (${formatPercent(low)} to ${formatPercent(high)}) of the worst pair of classes, ` +
    `${separable.pair.join(' and ')}, are told apart`
  );
}

function gateChecks({ baseline, checks }: GateRecord): Check[] {
  return checks.map(({ runtime, name, status, before, now, detail }) => ({
    rule: 'gate',
    runtime,
    name,
    status: status === 'worse' ? 'failed' : status === 'not compared' ? 'skipped' : 'passed',
    message: status === 'not compared' ? detail : `${before} in ${baseline}, now ${now} (${detail})`,
  }));
}

export function verificationChecks(subject: string, record: VerificationRecord): CheckList {
  const isFailing = (row: VerificationRow) =>
    row.status === 'ran' ? !row.holds : row.status === 'failed' || row.isRequired;
  const isOptional = (row: VerificationRow) => row.status === 'ran' && row.model !== 'float32';
  // A smaller encoder fails only where it was asked for by name: then the record as a whole does not hold.
  const areAllCounted = !record.holds && !record.runtimes.some((row) => isFailing(row) && !isOptional(row));
  return {
    command: 'verify',
    subject,
    checks: record.runtimes.map((row) => ({
      rule: 'runtime',
      runtime: row.runtime,
      name: 'the same answer',
      status: isFailing(row)
        ? record.holds || (isOptional(row) && !areAllCounted)
          ? 'note'
          : 'failed'
        : row.status === 'absent'
          ? 'skipped'
          : 'passed',
      message: verificationMessage(row, record),
    })),
  };
}

function verificationMessage(row: VerificationRow, { reference }: VerificationRecord): string {
  if (row.status !== 'ran') return row.remedy === null ? row.reason : `${row.reason}. ${row.remedy}`;
  if (row.faults.length > 0) return row.faults.join('; ');
  return row.isReference
    ? `the reference: ${row.verdict}`
    : `${row.verdict}, largest latent error ${formatNumber(row.maxLatentError)} against ${reference.runtime}`;
}

/** A question that is not asked is a note where its answer is yes. */
export function driftChecks(subject: string, record: DriftRecord): CheckList {
  const { runtime, shift, outside, mix } = record;
  const check = (name: string, hasChanged: boolean, message: string, isAsked = true): Check => ({
    rule: 'drift',
    runtime,
    name,
    status: hasChanged ? (isAsked ? 'failed' : 'note') : 'passed',
    message: `${record.observed} against ${record.baseline}: ${message}`,
  });
  const p = ({ adjusted }: { readonly adjusted: number }) => `p ${formatNumber(adjusted)}`;
  return {
    command: 'drift',
    subject,
    checks: [
      check(
        'latents of the classes',
        shift.hasChanged,
        `energy distance ${formatPercent(shift.energy)}, by chance ${formatPercent(shift.byChance)}, ${p(shift)}`,
      ),
      check(
        'outside of every class',
        outside.hasChanged,
        `${formatPercent(outside.now)}, before ${formatPercent(outside.before)}, ${p(outside)}`,
      ),
      check(
        'mix of classes',
        mix.hasChanged,
        `${formatPercent(mix.difference)} would have to change their class, ${p(mix)}`,
        mix.isAsked,
      ),
    ],
  };
}

// The gate of an evaluation: reads the baseline before anything is measured, compares after it, and keeps a new one.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { option, UsageError } from '../../src/error.ts';
import { gate, type ObservedSubject, requireComparable } from '../../src/evaluation/baseline/gate.ts';
import { type EvaluatedEncoder, makeBaseline } from '../../src/evaluation/baseline/make.ts';
import { type Baseline, parseBaseline } from '../../src/evaluation/baseline/schema.ts';
import type { EncoderEvaluation } from '../../src/evaluation/runtime-measurement.ts';
import type { AnyEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { LARGEST_COMPARED } from '../../src/measures/stream/block.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { requireFile, requireWritable } from '../../src/storage/file-system.ts';

/** With what an evaluation is compared, and what it leaves for later ones. */
export interface GateOptions {
  /** A file of `saveBaseline`, with which the evaluation is compared: the record says what is worse, in `gate`. */
  readonly baseline?: string | undefined;
  /** Where a baseline of the first runtime is written. Not where the evaluation is worse than `baseline`. */
  readonly saveBaseline?: string | undefined;
  /** Below it, a cosine of the pinned latents is worse. Default: 0.999 where the file is the baseline's, else none. */
  readonly leastCosine?: number | undefined;
}

export interface Gate {
  /** @throws UsageError where the baseline is of other classes or shapes: before anything is measured */
  expect(subject: ObservedSubject): void;
  /** The record with what was found; writes the new baseline. */
  close<Record extends AnyEvaluationRecord>(
    record: Record,
    runtimes: readonly EncoderEvaluation[],
    encoder: EvaluatedEncoder,
  ): Record;
}

/** @throws UsageError where the baseline is none, or a new one cannot be written there */
export function openGate({
  baseline: path,
  saveBaseline,
  leastCosine,
  onProgress,
  onNote,
}: GateOptions & {
  readonly onProgress: (line: string) => void;
  readonly onNote: (note: string) => void;
}): Gate {
  if (leastCosine !== undefined && path === undefined)
    throw new UsageError(`${option('leastCosine')}: expected a ${option('baseline')} to compare with, got none`);
  const baseline = path === undefined ? undefined : readBaseline(path);
  if (saveBaseline !== undefined) requireWritable(dirname(saveBaseline));
  return {
    expect(subject) {
      if (path !== undefined && baseline !== undefined) requireComparable(path, baseline, subject);
    },
    close(record, runtimes, encoder) {
      const gated =
        path === undefined || baseline === undefined
          ? record
          : {
              ...record,
              gate: gate(path, baseline, {
                record,
                latents: runtimes.map(({ latents }) => latents),
                sha256: encoder.sha256,
                asked: encoder.asked,
                leastCosine,
              }),
            };
      if (saveBaseline === undefined) return gated;
      if (gated.gate?.holds === false)
        onNote(`${saveBaseline}: not written, since the evaluation is worse than ${path}`);
      else {
        const made = makeBaseline(record, runtimes[0], encoder, `jepa-onnx ${packageVersion()}`);
        writeFileAtomic(saveBaseline, formatJson(made));
        onProgress(`${saveBaseline}: the baseline`);
      }
      return gated;
    },
  };
}

/** @throws UsageError where a gate is asked for of more observations than are compared one by one */
export function refuseGate(given: GateOptions): void {
  const refused = (['baseline', 'saveBaseline'] as const).find((name) => given[name] !== undefined);
  if (refused !== undefined)
    throw new UsageError(
      `${option(refused)}: expected at most ${LARGEST_COMPARED} observations, which are compared one by one, got more`,
      { remedy: `Take fewer: ${option('observations', '4096')}.` },
    );
}

/** @throws UsageError where there is none, FormatError where it is damaged or of another version */
export function readBaseline(path: string): Baseline {
  requireFile(path, 'a baseline');
  return parseBaseline(path, readFileSync(path, 'utf8'));
}

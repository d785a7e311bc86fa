// The runs that a claims file asks for, one after another, seed by seed through the arms of a block, so that what is done at
// any time is balanced over the arms. After each the whole file of results is replaced: a kill loses the run that it was in.
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { packageVersion } from '../../src/machine/package.ts';
import type { ClaimsFile } from '../../src/report/reproduction/claim/claims-file.ts';
import { type ClaimRun, readResults, writeResults } from '../../src/report/reproduction/claim/results.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { makeFolder } from '../../src/storage/file-system.ts';
import { acquireRunLock } from '../../src/storage/run-lock.ts';
import { loadedTensorFlow, loadTensorFlow } from '../../src/tensorflow/load.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { type ClaimMeasures, trainMeasured } from './measured-training.ts';

export interface ClaimRunsOptions {
  /** The file of results; read first, where it is there. */
  readonly results: string;
  readonly threads: number;
  /** Seeds to run, of the judging ones or, for a trial, of the tuning ones. Default: all judging seeds. */
  readonly seeds?: readonly number[] | undefined;
  /** Arms to run, of those that are in the order. Default: all. */
  readonly arms?: readonly string[] | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The configuration of one run of an arm. */
export function configurationOf(claims: ClaimsFile, arm: string, seed: number, threads: number): Configuration {
  const { auxiliary, set } = claims.arms[arm];
  return resolveConfiguration({
    preset: claims.preset,
    environment: claims.environment,
    threads,
    flags: { auxiliary, seed },
    assignments: [
      `optimization.steps=${claims.steps[claims.steps.length - 1]}`,
      ...Object.entries(set).map(([key, value]) => `${key}=${JSON.stringify(value)}`),
    ],
  });
}

/** What is done so far; none where the file is not there yet. */
export function readClaimRuns(results: string, claims: ClaimsFile): ClaimRun[] {
  return existsSync(results) ? readResults(results, readFileSync(results, 'utf8'), claims) : [];
}

/**
 * Runs what is missing. Native TensorFlow is loaded with `threads`.
 * @returns all runs, and whether `signal` stopped it before the last
 * @throws UsageError where the results are of other claims
 */
export async function runClaims(
  claims: ClaimsFile,
  options: ClaimRunsOptions,
): Promise<{ readonly runs: readonly ClaimRun[]; readonly isInterrupted: boolean }> {
  const { results, threads, signal, onNote = () => {} } = options;
  makeFolder(dirname(results));
  const lock = await acquireRunLock(dirname(results), { onNote });
  try {
    const runs = readClaimRuns(results, claims);
    const seeds = options.seeds ?? claims.seeds.judging;
    const wanted = claims.order.flatMap((block) =>
      seeds.flatMap((seed) => block.filter((arm) => options.arms?.includes(arm) ?? true).map((arm) => ({ arm, seed }))),
    );
    const missing = wanted.filter(({ arm, seed }) => !runs.some((run) => run.arm === arm && run.seed === seed));
    // Every wrong key is found before hours are spent.
    for (const { arm, seed } of missing) configurationOf(claims, arm, seed, threads);
    if (missing.length > 0) await loadTensorFlow({ threads, ...(signal && { signal }) });
    for (const [index, { arm, seed }] of missing.entries()) {
      const started = performance.now();
      const trained = await trainMeasured(configurationOf(claims, arm, seed, threads), {
        steps: claims.steps,
        observations: claims.observations,
        groups: claims.groups,
        onStep: () => signal?.throwIfAborted(),
      }).catch((error: unknown) => {
        if (signal?.aborted) return undefined;
        throw error;
      });
      if (trained === undefined) return { runs, isInterrupted: true };
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      lock.requireHeld();
      runs.push({
        arm,
        seed,
        at: Object.fromEntries([...trained.at].map(([step, measures]) => [String(step), finite(measures)])),
        ...(trained.divergedAt === undefined ? {} : { divergedAt: trained.divergedAt }),
        seconds,
        by: provenance(threads),
      });
      writeFileAtomic(results, writeResults(claims, runs));
      onNote(
        `${wanted.length - missing.length + index + 1} of ${wanted.length} runs done: ${arm}, seed ${seed}, ${seconds} s`,
      );
    }
    return { runs, isInterrupted: false };
  } finally {
    lock.dispose();
  }
}

/** Six digits: more would be those of this machine's rounding. */
function finite(measures: ClaimMeasures): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(measures).map(([name, value]) => [
      name,
      value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(6)) : null,
    ]),
  );
}

function provenance(threads: number): Record<string, string | number> {
  return {
    package: `jepa-onnx ${packageVersion()}`,
    tensorflow: loadedTensorFlow()?.tensorflowVersion ?? 'unknown',
    cpu: cpus()[0]?.model ?? 'unknown',
    threads,
  };
}

// Compares any ONNX files, on any runtimes: the first file on the first runtime is what the others are measured by. Writes
// NAME.verify.json and NAME.verify.html beside the last file.
import { dirname } from 'node:path';
import { option, UsageError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { describeMachine } from '../../src/machine/machine.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { expectWhole } from '../../src/options.ts';
import type { ProcessLimits } from '../../src/runtimes/process-runtime.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { requireWritable } from '../../src/storage/file-system.ts';
import type { FailRule } from '../../src/verification/file/fail-rule.ts';
import { checkRules, defaultRules, defaultTolerance } from '../../src/verification/file/rules.ts';
import {
  COMPARISON_FORMAT,
  type ComparedRun,
  type ComparisonRecord,
  type Tolerance,
} from '../../src/verification/file/schema.ts';
import { bisectFiles } from './bisect-files.ts';
import { type ComparedFile, comparisonPath, locateFile, openComparedFiles } from './compared-file.ts';
import { comparedInputs } from './compared-inputs.ts';
import {
  checkFileRuntime,
  type FileResult,
  failureOf,
  type RunFileOptions,
  RuntimePool,
  runFile,
} from './compared-run.ts';
import type { InputOptions } from './input-option.ts';
import { type Judging, ranRow } from './judged-run.ts';

/** What files are compared on, and what counts as a difference; nothing has to be said. */
export interface CompareFilesOptions extends Omit<InputOptions, 'seed'> {
  /** Every file runs on each: cpu, wasm, cuda, webgpu, cuda:tf32, chromium:wasm, chromium:webgpu. Default: cpu. */
  readonly runtimes?: readonly string[] | undefined;
  /** Of random inputs, and of which observations are drawn. Default: 0. */
  readonly seed?: number | undefined;
  /** Default: an error of 1/1000 of the output's scale. */
  readonly tolerance?: Tolerance | undefined;
  /** What is a failure. Default: the tolerance; with classes the certificate, and the tolerance where it is given. */
  readonly failOn?: readonly FailRule[] | undefined;
  /** Finds the nodes that introduce the error of the first run that fails, else of the last; errors of nodes count from this part on. */
  readonly bisection?: { readonly tolerance?: number | undefined } | undefined;
  /** A folder that the smallest failing file is written to, with its inputs and expected outputs. */
  readonly reduce?: string | undefined;
  /** Of each runtime. Default: 1. */
  readonly threads?: number | undefined;
  /** Of one process: of one of its calls, and of its memory. Default: 600 s and 8 GiB. */
  readonly limits?: ProcessLimits | undefined;
  /** Whether NAME.verify.json and NAME.verify.html are written. Default: true. */
  readonly report?: boolean | undefined;
  /** Told in one line how far it is, and which files were written. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Stops between two runs. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Compares the outputs of ONNX files, of encoders in runs and exports, or of one of them on several runtimes.
 *
 * @param paths of files, or folders of runs and exports, whose encoders are compared; the first is the reference
 * @returns what NAME.verify.json holds; `holds` is false where a file did not run, or breaks a rule
 * @throws UsageError where the files do not take the same inputs, or nothing is compared with anything
 */
export async function compareFiles(
  paths: readonly string[],
  options: CompareFilesOptions = {},
): Promise<ComparisonRecord> {
  const { runtimes = ['cpu'], seed = 0, threads = 1, report = true, signal } = options;
  expectWhole(1, { observations: options.observations, threads });
  expectWhole(0, { seed });
  const limits = options.limits ?? { timeMs: 600_000, memoryByteLength: 8 * 2 ** 30 };
  const onProgress = (line: string): void => {
    signal?.throwIfAborted();
    options.onProgress?.(line);
  };
  for (const name of runtimes) checkFileRuntime(name);
  if (paths.length * runtimes.length < 2)
    throw new UsageError(`verify: expected two files, or one on two runtimes, got ${paths[0]} on ${runtimes[0]}`, {
      remedy: `Name another file, or runtimes: ${option('runtimes', 'cpu,wasm')}.`,
    });
  const files = await openComparedFiles(paths);
  const last = files[files.length - 1];
  if (report) requireWritable(dirname(last.path));
  const inputs = await comparedInputs(files, { ...options, seed });
  const rules = options.failOn ?? defaultRules(inputs.judged !== undefined, options.tolerance !== undefined);
  checkRules(rules, inputs.judged !== undefined);
  const tolerance = options.tolerance ?? defaultTolerance;

  const judging: Judging = { rules, tolerance, inputs };
  const jobs = files.flatMap((file) => runtimes.map((runtime) => ({ file, runtime })));
  const pool = new RuntimePool({ threads, limits });
  let runs: ComparedRun[];
  let found: Pick<ComparisonRecord, 'bisection' | 'reduced'> = {};
  try {
    runs = await runJobs(jobs, judging, { ...options, pool, onProgress });
    if (options.bisection !== undefined || options.reduce !== undefined)
      found = await bisectFiles(jobs[0], suspect(jobs, runs), inputs, {
        pool,
        memoryByteLength: limits.memoryByteLength,
        tolerance: options.bisection?.tolerance ?? 1e-4,
        reduce: options.reduce,
        onProgress,
      });
  } finally {
    await pool.dispose();
  }
  const record: ComparisonRecord = { ...recordOf(files, runs, judging, jobs[0]), ...found };
  if (report) await writeComparison(last, record, onProgress);
  return record;
}

interface Job {
  readonly file: ComparedFile;
  readonly runtime: string;
}

async function runJobs(jobs: readonly Job[], judging: Judging, options: RunFileOptions): Promise<ComparedRun[]> {
  const runs: ComparedRun[] = [];
  let reference: FileResult | undefined;
  for (const [i, { file, runtime }] of jobs.entries()) {
    options.onProgress(`${i + 1}/${jobs.length} ${file.name} on ${runtime}`);
    try {
      const result = await runFile(file, runtime, judging.inputs, { ...options, onProgress: () => {} });
      reference ??= result;
      runs.push(ranRow(file, runtime, { result, reference, isReference: i === 0 }, judging));
    } catch (error) {
      // Without a reference there is nothing to compare with.
      if (i === 0) throw error;
      runs.push({ file: file.name, runtime, ...failureOf(error) });
    }
  }
  return runs;
}

/** What of the comparison is bisected: the first that fails, else the last that ran. */
function suspect(jobs: readonly Job[], runs: readonly ComparedRun[]): Job {
  const failing = runs.findIndex((run) => run.status === 'ran' && !run.holds);
  const last = runs.findLastIndex((run) => run.status === 'ran');
  return jobs[failing >= 0 ? failing : last];
}

function recordOf(
  files: readonly ComparedFile[],
  runs: readonly ComparedRun[],
  { rules, tolerance, inputs }: Judging,
  { file, runtime }: { readonly file: ComparedFile; readonly runtime: string },
): ComparisonRecord {
  const machine = describeMachine();
  const { judged } = inputs;
  return {
    format: COMPARISON_FORMAT,
    kind: 'comparison',
    holds: runs.every((run) => run.status === 'ran' && run.holds),
    files: files.map(({ name, sha256, precision, opset, bytes, inputs: specs }) => ({
      name,
      sha256,
      precision,
      opset,
      bytes,
      inputs: specs.map((spec) => ({ name: spec.name, type: spec.type, shape: [...spec.shape] })),
    })),
    machine: {
      processor: `${machine.processor}, ${machine.threads} threads`,
      system: `${machine.system} ${machine.architecture}`,
      node: machine.node.version,
    },
    inputs: inputs.record,
    reference: { file: file.name, runtime },
    failOn: [...rules],
    tolerance: { ...tolerance },
    ...(judged === undefined
      ? {}
      : {
          classes: {
            of: judged.classes.of,
            names: [...judged.classes.names],
            observations: judged.heldOut.judged.states.length,
            centroidObservations: judged.heldOut.centroids.states.length,
          },
        }),
    runs: [...runs],
  };
}

/** Where the page of a comparison is written: NAME.verify.html beside the last file. */
export function comparisonPageOf(paths: readonly string[]): string {
  return comparisonPath({ path: locateFile(paths[paths.length - 1]).path }, 'html');
}

async function writeComparison(
  file: ComparedFile,
  record: ComparisonRecord,
  onProgress: (line: string) => void,
): Promise<void> {
  const { comparisonReport } = await import('../../src/report/comparison-report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const page = await renderReport(comparisonReport(record, `jepa-onnx ${packageVersion()}`));
  writeFileAtomic(comparisonPath(file, 'json'), formatJson(record));
  writeFileAtomic(comparisonPath(file, 'html'), page);
  onProgress(`${comparisonPath(file, 'html')}: the report`);
}

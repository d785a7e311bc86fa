// Verifies that a run or an export gives the same answer on every runtime that this machine has: each runtime a process of its
// own, compared with a reference; writes verify.json and verify.html into the folder.
import { join } from 'node:path';
import type { ClassSource } from '../../src/evaluation/class/bisimulation.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import { formatJson } from '../../src/json.ts';
import { packageRoot, packageVersion } from '../../src/machine/package.ts';
import { expectWhole } from '../../src/options.ts';
import { openSubject } from '../../src/run/subject.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { requireWritable } from '../../src/storage/file-system.ts';
import { verificationRecordOf } from '../../src/verification/describe.ts';
import type { RunnerLimits } from '../../src/verification/protocol.ts';
import { allRuntimes, type RunnerSources, runnerOf } from '../../src/verification/runners.ts';
import {
  type Bisection,
  VERIFICATION_NAME,
  VERIFICATION_PAGE_NAME,
  type VerificationRecord,
} from '../../src/verification/schema.ts';
import { verify } from '../../src/verification/verify.ts';
import { referenceOrder } from '../encoder/reference-runtime.ts';
import { expectRuntimes } from '../evaluate/option.ts';
import { bisectRun } from './bisect-run.ts';
import { observationsOfRun } from './observation.ts';
import { makeVariant, readRecorded } from './variant.ts';

/** Which runtimes are compared with which reference, and on what; nothing has to be said. */
export interface VerifyRunOptions {
  /**
   * Names: tfjs, cpu, cuda, webgpu, wasm, chromium:wasm, chromium:wasm:2, chromium:webgpu, python, openvino, java, rust, go, c;
   * variants cuda:tf32, NAME:fp16, NAME:int8. Default: all that this machine has.
   */
  readonly runtimes?: readonly string[] | 'all' | undefined;
  /** Runtimes whose absence is a failure. Default: none. */
  readonly required?: readonly string[] | 'all' | undefined;
  /** What the others are compared with. Default: tfjs where it can run, else cpu, else wasm. */
  readonly reference?: string | undefined;
  /** Held-out observations; as many more give the centroids. Default: 512. */
  readonly observations?: number | undefined;
  /** The largest takes all observations. Default: 1, 16, 64. */
  readonly batchSizes?: readonly number[] | undefined;
  /** Of observations and actions. Default: 0. */
  readonly seed?: number | undefined;
  /** What must be told apart. Default: reward; of a recording what can be claimed best. */
  readonly classes?: ClassSource | RecordingClassSource | undefined;
  /** Where the recording of the run is now. Default: where the run found it. */
  readonly data?: string | undefined;
  /** Of each runtime. Default: 1. */
  readonly threads?: number | undefined;
  /** Finds the first node whose value differs between these two by more than `tolerance` of its scale (default: 1e-4). */
  readonly bisection?: { readonly runtimes: readonly [string, string]; readonly tolerance?: number } | undefined;
  /** Of one process and what it starts. Default: 600 s and 8 GiB. */
  readonly limits?: RunnerLimits | undefined;
  /** Whether programs in other languages that are not built yet are built. Default: false. */
  readonly builds?: boolean | undefined;
  /** Whether verify.json and verify.html are written. Default: true. */
  readonly report?: boolean | undefined;
  /** Told in one line how far it is, and which files were written. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Told in one line of what is odd or left out. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Stops between two runtimes. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the encoder and the predictor of a run or an export on every runtime, and compares latents, verdicts and predictions.
 *
 * @returns what verify.json holds; `holds` is false where a verdict or a prediction may change
 * @throws UsageError for a runtime that there is not; UnavailableError where a required one cannot run here
 */
export async function verifyRun(folder: string, options: VerifyRunOptions = {}): Promise<VerificationRecord> {
  const { observations = 512, batchSizes = [1, 16, 64], seed = 0, threads = 1, bisection, report = true } = options;
  expectWhole(1, { observations, threads });
  for (const size of batchSizes) expectWhole(1, { batchSizes: size });
  expectWhole(0, { seed });
  const limits = options.limits ?? { timeMs: 600_000, memoryByteLength: 8 * 2 ** 30 };
  const onProgress = (line: string): void => {
    options.signal?.throwIfAborted();
    options.onProgress?.(line);
  };
  const namesOf = (names: readonly string[] | 'all') => (names === 'all' ? allRuntimes : names);
  const named = namesOf(options.runtimes ?? 'all');
  const required = namesOf(options.required ?? []);
  expectRuntimes([...named, ...required]);
  const subject = openSubject(folder);
  if (report) requireWritable(folder);
  const sources: RunnerSources = {
    inHouse: { program: process.execPath, arguments: [join(packageRoot(), 'bin', 'jepa.js'), 'runner'] },
    deployFolder: join(packageRoot(), 'examples', 'deploy'),
    builds: options.builds ?? false,
    required,
    named: options.runtimes === undefined || options.runtimes === 'all' ? [] : named,
    makeVariant: async (model, scratch) => makeVariant(model, scratch, subject, input.source, seed),
    onProgress,
  };
  const runners = [...new Set([...named, ...required])].map((name) => runnerOf(name, sources));
  const referenceNames =
    options.reference === undefined ? referenceOrder(subject.tfjs !== undefined) : [options.reference];
  const references = referenceNames.map((name) => runnerOf(name, sources));
  const bisected = bisection?.runtimes.map((name) => runnerOf(name, sources));

  const input = await observationsOfRun(subject, options);
  const { source, classes, untrainedEncoder } = input;
  const recorded = readRecorded(subject);
  const verification = await verify(
    { subject, source, classes, untrainedEncoder, recorded, runners, references },
    { observations, seed, batchSizes, threads, limits, onProgress },
  );
  let found: Bisection | undefined;
  if (bisected) {
    const [a, b] = bisected;
    onProgress(`comparing the nodes of ${a.name} and ${b.name}`);
    const tolerance = bisection?.tolerance ?? 1e-4;
    found = await bisectRun({ subject, source, runners: [a, b], seed }, { tolerance, threads, limits, onProgress });
  }
  const record = verificationRecordOf(verification, found);
  if (report) await writeReport(folder, record, onProgress);
  return record;
}

async function writeReport(
  folder: string,
  record: VerificationRecord,
  onProgress: (line: string) => void,
): Promise<void> {
  const { verificationReport } = await import('../../src/report/verification-report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const page = await renderReport(verificationReport(record, `jepa-onnx ${packageVersion()}`));
  writeFileAtomic(join(folder, VERIFICATION_NAME), formatJson(record));
  writeFileAtomic(join(folder, VERIFICATION_PAGE_NAME), page);
  onProgress(`${join(folder, VERIFICATION_PAGE_NAME)}: the report`);
}

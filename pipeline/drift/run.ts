// Whether new observations, without labels, still have the latents of those of a baseline: of an encoder that runs here on the batch
// of a day, or of latents that were computed elsewhere.
import { basename, dirname, join } from 'node:path';
import { classColumnOf } from '../../src/data/class-column.ts';
import { openTable } from '../../src/data/readers/latent-file.ts';
import { UsageError } from '../../src/error.ts';
import { measureDrift as compare, type Drift, type DriftBatch } from '../../src/evaluation/baseline/drift.ts';
import type { Baseline } from '../../src/evaluation/baseline/schema.ts';
import { ELSEWHERE } from '../../src/evaluation/foreign-latents.ts';
import { chooseRows } from '../../src/evaluation/held-out/unlabelled.ts';
import type { DriftRecord } from '../../src/evaluation/schema/drift.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { createLatents, type Latents, underMetric } from '../../src/measures/latents.ts';
import { openRuntimeVariant, parseRuntimeVariant } from '../../src/run/runtime-variant.ts';
import { openEncoderSession } from '../../src/run/world-session.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { requireWritable } from '../../src/storage/file-system.ts';
import { latentRowsOf } from '../encoder/latent-rows.ts';
import { besideEncoder } from '../encoder/report-file.ts';
import { readBaseline } from '../evaluate/gate.ts';
import { fedEncoder } from './batch.ts';
import { type DriftOptions, type LatentDriftOptions, type ResolvedDriftTest, resolveDriftTest } from './option.ts';

export type { DriftOptions, LatentDriftOptions } from './option.ts';

/**
 * Compares the latents of new observations with those of a baseline.
 *
 * @param path of an ONNX file, or the folder of a run or an export; drift.json and drift.html go there, beside an ONNX file as
 *   NAME.drift.json and NAME.drift.html, unless `report` is false
 * @returns what drift.json holds; `hasDrifted` where it is an alarm
 * @throws UsageError where the baseline is of another encoder, or the observations are of another shape
 */
export async function measureDrift(path: string, options: DriftOptions): Promise<DriftRecord> {
  const test = resolveDriftTest(options);
  const baseline = readBaseline(options.baseline);
  if (test.report) requireWritable(dirname(driftPath(path, 'json')));
  test.progress('drawing observations');
  const { name: encoder, subject, batch } = await fedEncoder(path, baseline, { ...options, ...test });
  const runtime = await openRuntimeVariant(
    parseRuntimeVariant('runtime', options.runtime ?? baseline.measured.runtime),
    options.threads,
  );
  try {
    const { runtime: name, provider, version } = runtime.describe();
    test.progress(`encoding on ${name}`);
    const session = await openEncoderSession(runtime, subject, batch.observationShape);
    const latents = await session.encode(batch.observations).finally(() => session.dispose());
    return await compared(
      driftPath(path, 'json'),
      { where: options.baseline, baseline, test },
      { latents, episodes: batch.episodes },
      { encoder, observed: batch.name, runtime: name, provider, version },
    );
  } finally {
    await runtime.dispose();
  }
}

/**
 * Compares latents that were computed elsewhere with those of a baseline: neither the encoder nor its runtime is here, so that
 * nobody can check that both are of one encoder. Tokens are pooled, and lengths made 1, as they were in the baseline.
 *
 * @param path of the latents, a row an observation: NPY, NPZ, Parquet, CSV or any recording; NAME.drift.json and NAME.drift.html
 *   go beside it, unless `report` is false
 * @throws UsageError where they have not as many numbers as those of the baseline
 */
export async function measureLatentDrift(path: string, options: LatentDriftOptions): Promise<DriftRecord> {
  const test = resolveDriftTest(options);
  const baseline = readBaseline(options.baseline);
  const into = driftPath(path, 'json', 'latents');
  if (test.report) requireWritable(dirname(into));
  test.progress('reading latents');
  const recording = await openTable(path);
  try {
    const known = baseline.encoder.output;
    const { latents: given, rows } = latentRowsOf(recording, classColumnOf(recording), {
      map: options.map,
      normalize: options.normalize ?? known?.normalize,
      pool: options.pool,
    });
    // What was pooled where it was computed is a vector already.
    const { latents } =
      options.pool === undefined && known?.pool !== undefined && rows.shape.length > 1
        ? latentRowsOf(recording, classColumnOf(recording), { ...options, ...known })
        : { latents: given };
    const { chosen, episodes } = chooseRows(recording, rows, { most: test.observations, seed: test.seed });
    return await compared(
      into,
      { where: options.baseline, baseline, test },
      { latents: createLatents(await latents.read(chosen), latents.size), episodes },
      {
        encoder: baseline.encoder.name,
        observed: basename(path),
        runtime: ELSEWHERE,
        provider: 'not seen',
        version: basename(path),
      },
    );
  } finally {
    await recording.dispose();
  }
}

interface DriftTest {
  /** The file of the baseline. */
  readonly where: string;
  readonly baseline: Baseline;
  readonly test: ResolvedDriftTest;
}

/** @param into the record; its page goes beside it */
async function compared(
  into: string,
  { where, baseline, test }: DriftTest,
  batch: DriftBatch,
  described: Omit<Parameters<typeof compare>[2], 'baseline'>,
): Promise<DriftRecord> {
  requireSize(where, batch.latents, baseline);
  test.progress('comparing');
  const { level, permutations, seed } = test;
  const drift = compare(
    baseline,
    { ...batch, latents: underMetric(batch.latents, baseline.observed.metric) },
    { ...described, baseline: where },
    { level, permutations, seed, ignoresMix: test.ignoreMix },
  );
  noteSmallness(drift.record, test.onNote);
  if (test.report) await writeReport(into, drift, test.progress);
  return drift.record;
}

function requireSize(where: string, { size }: Latents, { reference }: Baseline): void {
  if (size !== reference.latents.size)
    throw new UsageError(`${where}: expected latents of ${size} numbers, got ${reference.latents.size}`);
}

/** Below so many a batch of this size hardly ever shows anything. */
const FEW = 30;

function noteSmallness({ observations, referenceObservations }: DriftRecord, onNote: (note: string) => void): void {
  const least = Math.min(observations, referenceObservations);
  if (least < FEW)
    onNote(`${least} independent observations on one side: a batch without an alarm says little (docs/gate.md)`);
}

/** drift.html of a run, NAME.drift.html beside NAME.onnx or beside a file of latents. */
export function driftPath(
  path: string,
  extension: 'html' | 'json',
  subject: 'encoder' | 'latents' = 'encoder',
): string {
  if (subject === 'encoder' && !/\.onnx$/i.test(path)) return join(path, `drift.${extension}`);
  return besideEncoder(path, `drift.${extension}`);
}

async function writeReport(into: string, drift: Drift, onProgress: (line: string) => void): Promise<void> {
  const { driftReport } = await import('../../src/report/drift-report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const page = await renderReport(driftReport(drift, `jepa-onnx ${packageVersion()}`));
  const pagePath = into.replace(/json$/, 'html');
  writeFileAtomic(into, formatJson(drift.record));
  writeFileAtomic(pagePath, page);
  onProgress(`${pagePath}: the report`);
}

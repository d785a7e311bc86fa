// The verification: the same held-out observations and actions through every runtime, each in processes of its own, compared
// with a reference, measured, and certified.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, JepaError, option, UnavailableError } from '../error.ts';
import type { NamedClasses } from '../evaluation/class/bisimulation.ts';
import type { ObservationNetwork } from '../evaluation/evaluate.ts';
import type { EvaluationSource, HeldOut } from '../evaluation/held-out/held-out.ts';
import { untrainedSample } from '../evaluation/runtime-measurement.ts';
import { meanPairDistance } from '../measures/pair-distance.ts';
import { encodeObservations } from '../run/encode.ts';
import type { EvaluationSubject, ModelFiles } from '../run/subject.ts';
import { openRuntime } from '../runtimes/index.ts';
import { makeScratch, removeScratch } from '../storage/scratch.ts';
import { compare, type Measured, measure, type Rows } from './compare.ts';
import {
  drawActions,
  type ObservationFile,
  observationParts,
  type RecordedLatents,
  writeFirstRows,
  writeObservations,
} from './held-out-files.ts';
import { type RunnerLimits, type RunnerResult, runProgram } from './protocol.ts';
import type { FoundRunner, Runner } from './runner.ts';
import type { OtherRow, RanRow, VerificationRow } from './schema.ts';

/** Batches of the smaller sizes that are tried, and one observation more, so that the last batch is not full. */
const TRIED_BATCHES = 4;

export interface VerificationInput {
  readonly subject: EvaluationSubject;
  readonly source: EvaluationSource;
  readonly classes: NamedClasses;
  /** The encoder as it was before training, which gives the verdict its scale. */
  readonly untrainedEncoder: ObservationNetwork;
  readonly recorded?: RecordedLatents | undefined;
  readonly runners: readonly Runner[];
  /** The first that runs is what the others are compared with. */
  readonly references: readonly Runner[];
}

export interface VerificationOptions {
  /** Judged observations; as many more give the centroids. */
  readonly observations: number;
  readonly seed: number;
  readonly batchSizes: readonly number[];
  readonly threads: number;
  /** Of one process. */
  readonly limits: RunnerLimits;
  /** Told in a few words what is being done. */
  readonly onProgress?: (message: string) => void;
}

export interface Verification {
  readonly input: VerificationInput;
  readonly options: VerificationOptions;
  readonly heldOut: HeldOut;
  readonly reference: Measured;
  readonly rows: readonly VerificationRow[];
}

/**
 * @throws JepaError where no reference runs; whatever happens to any other runtime is a row.
 */
export async function verify(input: VerificationInput, options: VerificationOptions): Promise<Verification> {
  const progress = options.onProgress ?? (() => {});
  const scratch = makeScratch('verify');
  try {
    progress(`drawing ${2 * options.observations} observations`);
    const heldOut = await input.source.draw(options.observations, options.seed);
    const trial = new Trial(input, options, heldOut, scratch);
    const untrainedMeanDistance = await meanDistanceBefore(input, heldOut);
    const rows: Rows = {
      judged: heldOut.judged.states.map((state) => input.classes.classOf[state]),
      centroids: heldOut.centroids.states.map((state) => input.classes.classOf[state]),
      classes: input.classes,
      recorded: input.recorded,
      untrainedMeanDistance,
      episodes: heldOut.judged.episodes,
    };
    const [referenceRunner, reference] = await firstThatRuns(input.references, trial, rows, progress);
    const found: VerificationRow[] = [];
    for (const [index, runner] of input.runners.entries()) {
      progress(`${index + 1}/${input.runners.length} running ${runner.name}`);
      found.push(await rowOf(runner, trial, rows, { runner: referenceRunner, measured: reference }));
    }
    return { input, options, heldOut, reference, rows: found };
  } finally {
    removeScratch(scratch);
  }
}

async function firstThatRuns(
  references: readonly Runner[],
  trial: Trial,
  rows: Rows,
  progress: (message: string) => void,
): Promise<[Runner, Measured]> {
  const reasons: string[] = [];
  for (const runner of references) {
    progress(`running the reference, ${runner.name}`);
    try {
      return [runner, measure(await trial.run(runner, await trial.find(runner)), rows)];
    } catch (error) {
      if (!(error instanceof JepaError)) throw error;
      reasons.push(`${runner.name}: ${describeError(error)}`);
      progress(`no reference: ${reasons.at(-1)}`);
    }
  }
  throw new JepaError(`verify: expected a reference that runs, got none (${reasons.join('; ')})`, {
    remedy: `Run jepa doctor, which says what this machine lacks, or name another ${option('reference')}.`,
  });
}

interface Reference {
  readonly runner: Runner;
  readonly measured: Measured;
}

async function rowOf(runner: Runner, trial: Trial, rows: Rows, reference: Reference): Promise<VerificationRow> {
  try {
    const found = await trial.find(runner);
    const isReference = runner.name === reference.runner.name;
    const main = isReference ? reference.measured : measure(await trial.run(runner, found), rows);
    const tried: RunnerResult[] = [];
    for (const batch of trial.smallerBatches) tried.push(await trial.run(runner, found, batch));
    return compare({ runner, main, tried, reference: reference.measured, rows, batchSizes: trial.batchSizes });
  } catch (error) {
    if (!(error instanceof JepaError)) throw error;
    return otherRow(runner, error);
  }
}

function otherRow({ name, isRequired }: Runner, error: JepaError): OtherRow {
  const isAbsent = error instanceof UnavailableError;
  return {
    runtime: name,
    status: isAbsent ? 'absent' : 'failed',
    reason: error.message,
    remedy: error.remedy ?? null,
    isRequired,
  };
}

/** Whether a row is no reason to exit with 1. */
export function isAcceptable(row: VerificationRow, { isJudged, isRequired }: Runner): boolean {
  if (row.status === 'absent') return !isRequired;
  if (!isJudged && !isRequired) return true;
  return row.status === 'ran' && (row satisfies RanRow).holds;
}

/** The files that all runners get, and the processes that run on them. */
class Trial {
  readonly batchSizes: readonly number[];
  readonly smallerBatches: readonly number[];
  readonly #input: VerificationInput;
  readonly #options: VerificationOptions;
  readonly #heldOut: HeldOut;
  readonly #scratch: string;
  readonly #actions: Float32Array;
  readonly #written = new Map<Runner['format'], ObservationFile>();
  #runs = 0;

  constructor(input: VerificationInput, options: VerificationOptions, heldOut: HeldOut, scratch: string) {
    this.#input = input;
    this.#options = options;
    this.#heldOut = heldOut;
    this.#scratch = scratch;
    this.batchSizes = [...new Set(options.batchSizes)].sort((a, b) => a - b);
    this.smallerBatches = this.batchSizes.slice(0, -1);
    const { observationShape } = input.source;
    this.#actions = drawActions(heldOut, { count: this.#count('onnx'), seed: options.seed, observationShape });
  }

  find(runner: Runner): Promise<FoundRunner> {
    this.#files(runner);
    return runner.find(this.#scratch);
  }

  /** All rows at the largest batch size, or a few of them at a smaller one. */
  async run(runner: Runner, found: FoundRunner, batch?: number): Promise<RunnerResult> {
    const { encoder, predictor } = this.#files(runner);
    const { limits, threads } = this.#options;
    const all = this.#count(runner.format);
    const size = batch ?? this.batchSizes[this.batchSizes.length - 1];
    const count = batch === undefined ? all : Math.min(all, TRIED_BATCHES * batch + 1);
    const folder = join(this.#scratch, `run-${this.#runs++}`);
    mkdirSync(folder);
    try {
      const written = { observations: this.#observations(runner), actions: this.#actionsOf(all) };
      const files = writeFirstRows(folder, written, count);
      return await runProgram(
        found,
        {
          encoder: found.encoder ?? encoder.path,
          predictor: predictor.path,
          ...files,
          count,
          batch: size,
          threads,
          latentSize: this.#input.subject.configuration.model.latentSize,
        },
        join(folder, 'out'),
        limits,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #files({ name, format }: Runner): ModelFiles {
    const files = this.#input.subject[format];
    if (files !== undefined) return files;
    const { folder } = this.#input.subject;
    throw new UnavailableError(
      `${folder}: expected ${format === 'onnx' ? 'an export' : 'saved tfjs models'} for ${name}, found none`,
      {
        remedy: format === 'onnx' ? `Export the run: jepa export ${folder}` : 'Verify the folder of the finished run.',
      },
    );
  }

  #count(format: Runner['format']): number {
    const recorded = format === 'onnx' ? (this.#input.recorded?.count ?? 0) : 0;
    return this.#heldOut.judged.states.length + this.#heldOut.centroids.states.length + recorded;
  }

  #actionsOf(count: number): Float32Array {
    const half = this.#actions.length / 2;
    const kept = (half / this.#count('onnx')) * count;
    const actions = new Float32Array(2 * kept);
    actions.set(this.#actions.subarray(0, kept));
    actions.set(this.#actions.subarray(half, half + kept), kept);
    return actions;
  }

  /** Written once for each form. */
  #observations(runner: Runner): ObservationFile {
    const known = this.#written.get(runner.format);
    if (known !== undefined) return known;
    const { subject, source, recorded } = this.#input;
    const parts = observationParts(subject, source.observationShape);
    const written = writeObservations(
      join(this.#scratch, `observations-${runner.format}.bin`),
      this.#heldOut,
      { parts, input: this.#files(runner).encoder.input },
      runner.format === 'onnx' ? recorded : undefined,
    );
    this.#written.set(runner.format, written);
    return written;
  }
}

/** The mean distance that the encoder gave to the judged observations before it was trained. */
async function meanDistanceBefore({ untrainedEncoder, source }: VerificationInput, heldOut: HeldOut): Promise<number> {
  const shape = source.observationShape;
  const runtime = await openRuntime('cpu').catch((error: unknown) => {
    if (error instanceof UnavailableError) return openRuntime('wasm', { threads: 1 });
    throw error;
  });
  const session = await runtime.load(untrainedEncoder.model);
  try {
    const observations = untrainedSample(heldOut, shape);
    const { input = { name: 'observation', layout: 'nhwc', type: 'uint8' } } = untrainedEncoder;
    return meanPairDistance(await encodeObservations(session, observations, shape, input));
  } finally {
    await session.dispose();
    await runtime.dispose();
  }
}

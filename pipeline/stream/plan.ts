// The plan of an evaluation that streams: what is evaluated, by which classes, and which rows are judged. It never changes: shards of
// it may run anywhere, in any order and again.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { FormatError, option, UsageError } from '../../src/error.ts';
import { parseJsonIfAny } from '../../src/json.ts';
import { metrics } from '../../src/measures/latents.ts';
import { BLOCK_ROWS } from '../../src/measures/stream/block.ts';
import { pools } from '../../src/run/latent.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { describeFolder, makeFolder, readTextIfPresent } from '../../src/storage/file-system.ts';
import { sha256 } from '../../src/storage/sha256.ts';

export const STREAM_PLAN = 'plan.json';
/** Raised when a field changes its meaning. */
const PLAN_FORMAT = 1;
/** How many judged rows are compared with all others, where nobody says. */
export const DEFAULT_QUERIES = 1024;

const named = z.strictObject({ name: z.string(), columns: z.array(z.string()) });
const constant = z.strictObject({ name: z.string(), values: z.array(z.number()) });
const predictorInput = z.strictObject({
  name: z.string(),
  takes: z.union([z.enum(['latent', 'action']), z.array(z.number())]),
});
const normalization = z.strictObject({ mean: z.array(z.number()), deviation: z.array(z.number()) });

/** What is evaluated: whole paths, the same on every machine. */
const subjectSchema = z.discriminatedUnion('of', [
  z.strictObject({
    of: z.literal('encoder'),
    path: z.string(),
    data: z.string(),
    map: z.string().optional(),
    imageSize: z.tuple([z.int(), z.int()]).optional(),
    stack: z.int().optional(),
    layout: z.enum(['nchw', 'nhwc']).optional(),
    pixels: normalization.optional(),
    input: z.array(named).optional(),
    fix: z.array(constant).optional(),
    output: z.string().optional(),
    pool: z.enum(pools).optional(),
    normalize: z.literal('l2').optional(),
    runtimes: z.array(z.string()).min(1),
    reference: z.string().optional(),
    untrained: z.string().optional(),
    predictor: z.string().optional(),
    predictorInput: z.array(predictorInput).optional(),
    predictorGives: z.enum(['next', 'difference']).optional(),
    threads: z.int().min(1).optional(),
  }),
  z.strictObject({
    of: z.literal('latents'),
    path: z.string(),
    labels: z.string().optional(),
    referenceLatents: z.string().optional(),
    untrainedLatents: z.string().optional(),
    map: z.string().optional(),
    pool: z.enum(pools).optional(),
    normalize: z.literal('l2').optional(),
  }),
]);
/** What is evaluated in shards: an encoder's file with a recording, or latents that were computed elsewhere. */
export type StreamSubject = z.output<typeof subjectSchema>;

const planSchema = z.strictObject({
  format: z.literal(PLAN_FORMAT),
  subject: subjectSchema,
  /** Of the encoder's file, or of the latents'. */
  sha256: z.string(),
  seed: z.int().min(0),
  metric: z.enum(metrics).optional(),
  queries: z.int().min(2),
  /** All of the recording. */
  rows: z.int().min(1),
  /** D */
  size: z.int().min(1),
  /** Of the rows, which are taken: 1 where all are. */
  share: z.number().min(0).max(1),
  /** What is on one side as a whole. */
  unit: z.enum(['row', 'episode']),
  classes: z.strictObject({
    column: z.string(),
    of: z.enum(['column', 'quantiles']),
    claim: z.string(),
    /** Of quantiles: where each class but the first begins. */
    edges: z.array(z.number()).optional(),
    /** What a row of the column says of each class, as text. */
    keys: z.array(z.string()),
    names: z.array(z.string()),
    judged: z.array(z.int()),
    centroids: z.array(z.int()),
  }),
});
/** What plan.json of a streamed evaluation holds. */
export type StreamPlan = z.output<typeof planSchema>;

/** A plan as its folder holds it. */
export interface StoredPlan {
  readonly folder: string;
  readonly plan: StreamPlan;
  /** Of the text of plan.json: what partial results belong to. */
  readonly digest: string;
}

/** @returns whether the same was there. @throws UsageError where the folder has another plan */
export function writeStreamPlan(folder: string, plan: StreamPlan): StoredPlan & { readonly wasThere: boolean } {
  const text = `${JSON.stringify(planSchema.parse(plan), undefined, 1)}\n`;
  const path = join(folder, STREAM_PLAN);
  const earlier = readTextIfPresent(path);
  if (earlier !== undefined && earlier !== text)
    throw new UsageError(`${folder}: expected no plan or this one, got another`, {
      remedy: `Choose another folder: results of two plans must not mix.`,
    });
  makeFolder(folder);
  if (earlier === undefined) writeFileAtomic(path, text);
  return { folder, plan, digest: sha256(text), wasThere: earlier !== undefined };
}

/** @throws UsageError where there is none, FormatError for what another version wrote */
export function readStreamPlan(folder: string): StoredPlan {
  const path = join(folder, STREAM_PLAN);
  const text = readTextIfPresent(path);
  if (text === undefined)
    throw new UsageError(
      `${folder}: expected the plan of an evaluation, got ${existsSync(folder) ? describeFolder(folder, `without ${STREAM_PLAN}`) : 'no folder'}`,
      { remedy: `Plan one: jepa evaluate encoder.onnx --data RECORDING ${option('partial', 'FOLDER')}` },
    );
  const { data, error } = planSchema.safeParse(parseJsonIfAny(text));
  if (data === undefined)
    throw new FormatError(`${path}: expected a plan of format ${PLAN_FORMAT}, got ${error.issues[0].message}`, {
      remedy: 'It was made by another version of jepa-onnx: use that one, or plan again into another folder.',
    });
  return { folder, plan: data, digest: sha256(text) };
}

export function blockCount({ rows }: Pick<StreamPlan, 'rows'>): number {
  return Math.ceil(rows / BLOCK_ROWS);
}

// baseline.json: what an evaluation leaves for later ones to be compared with, and for batches of new observations. One file, so
// that it can be committed beside the code that it guards. docs/schema/baseline.schema.json is made from the schema.
import * as z from 'zod';
import { FormatError, UsageError } from '../../error.ts';
import { createLatents, type Latents } from '../../measures/latents.ts';
import { encoderEvaluationSchema } from '../schema/evaluation.ts';
import { judgedSchema, numbersOf, outcomesSchema } from '../schema/outcome.ts';

/** Raised when a field changes its meaning. Fields may be added without. */
export const BASELINE_FORMAT = 1;

const fraction = z.number().min(0).max(1);
const measure = z.number().min(0);
const interval = z.tuple([measure, measure.nullable()]);
const answer = z.enum(['yes', 'no', 'undecided']);
const matrix = z.strictObject({
  rows: z.int().min(0),
  size: z.int().min(1).describe('numbers of a row'),
  values: z.base64().describe('float32, little-endian, row by row'),
});

export const baselineSchema = z.strictObject({
  format: z.literal(BASELINE_FORMAT),
  madeBy: z.string().describe('package and version'),
  encoder: z.strictObject({
    name: z.string().describe('of the run or the file'),
    sha256: z
      .string()
      .nullable()
      .describe('of the ONNX file with its weights, or of the file of latents; null where it ran as a tfjs model'),
    input: encoderEvaluationSchema.shape.encoder.shape.input
      .optional()
      .describe('what an ONNX file was fed with; a run says it itself'),
    furtherInputs: encoderEvaluationSchema.shape.encoder.shape.furtherInputs,
    constants: encoderEvaluationSchema.shape.encoder.shape.constants,
    output: encoderEvaluationSchema.shape.encoder.shape.output,
    elsewhere: encoderEvaluationSchema.shape.encoder.shape.elsewhere,
  }),
  observed: z.strictObject({
    name: z.string().describe('of the environment or the recording'),
    shape: z.array(z.int()).describe('of one observation; empty where only their latents were known'),
    seed: z.int(),
    asked: z.int().describe('observations that were asked for'),
    metric: z.enum(['euclidean', 'cosine']),
    classes: z.strictObject({ of: z.string(), names: z.array(z.string()) }),
    judged: judgedSchema,
  }),
  measured: z.strictObject({
    runtime: z.string(),
    provider: z.string(),
    version: z.string(),
    precision: z.string(),
    verdict: z.enum(['distinct', 'coarse', 'collapsed']),
    separable: z.strictObject({ answer, share: fraction, interval }),
    clustered: z.strictObject({ answer, ratio: measure.nullable(), interval }),
    decidingGap: measure,
    nearestCentroidAccuracy: fraction,
    recall: z.array(fraction).describe('of each class, by the nearest centroid'),
    outcomes: outcomesSchema,
  }),
  pinned: z
    .strictObject({
      rows: z.array(z.int()).describe('which of the judged observations'),
      latents: matrix,
      scale: measure.describe('root mean square length of all judged latents'),
    })
    .describe('latents of a few observations, to be found again'),
  reference: z
    .strictObject({
      latents: matrix.describe('of judged observations, drawn at random'),
      labels: z.string().describe('the class of each, comma-separated'),
      episodes: z
        .string()
        .nullable()
        .describe('the recorded episode of each, comma-separated; null: they are independent'),
      centroids: matrix.describe('of each class, from other observations'),
      radii: z
        .array(measure)
        .describe('of each class: 99% of those other observations are so near to the centroid of the rest of them'),
    })
    .describe('what batches of new observations are compared with'),
});
/** What baseline.json holds. */
export type Baseline = z.output<typeof baselineSchema>;

/** The JSON Schema of a baseline, as docs/schema/baseline.schema.json holds it. */
export function baselineJsonSchema(): Record<string, unknown> {
  return { title: 'Baseline of an encoder', ...z.toJSONSchema(baselineSchema) };
}

const REMEDY = 'Write one: jepa evaluate ... --save-baseline FILE';

/** @throws UsageError where it is something else, FormatError where it is of another version or damaged */
export function parseBaseline(where: string, text: string): Baseline {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${where}: expected a baseline, got ${text.length} characters that are no JSON`, {
      remedy: REMEDY,
      cause,
    });
  }
  const fields: Partial<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  if (fields.madeBy === undefined || fields.reference === undefined)
    throw new UsageError(`${where}: expected a baseline, got JSON that is none`, { remedy: REMEDY });
  if (fields.format !== BASELINE_FORMAT)
    throw new FormatError(`${where}: expected format ${BASELINE_FORMAT}, got ${JSON.stringify(fields.format)}`, {
      remedy: 'It was made by another version of jepa-onnx: save it again.',
    });
  const parsed = baselineSchema.safeParse(value);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new FormatError(`${where}: expected a baseline, got one whose ${path.join('.')} is wrong: ${message}`, {
      remedy: REMEDY,
    });
  }
  requireWhole(where, parsed.data);
  return parsed.data;
}

/** Every part has as many rows as the others say. */
function requireWhole(where: string, { observed, measured, pinned, reference }: Baseline): void {
  const { names } = observed.classes;
  const count = numbersOf(observed.judged.labels).length;
  const sizes: readonly (readonly [what: string, found: number, expected: number])[] = [
    ['outcomes', measured.outcomes.nearestCentroid.length, count],
    ['outcomes', measured.outcomes.toldApart.length, count],
    ['episodes', observed.judged.episodes?.split(',').length ?? count, count],
    ['recalls', measured.recall.length, names.length],
    ['pinned latents', pinned.latents.rows, pinned.rows.length],
    ['reference labels', numbersOf(reference.labels).length, reference.latents.rows],
    [
      'reference episodes',
      reference.episodes === null ? reference.latents.rows : numbersOf(reference.episodes).length,
      reference.latents.rows,
    ],
    ['centroids', reference.centroids.rows, names.length],
    ['radii', reference.radii.length, names.length],
    ...[pinned.latents, reference.latents, reference.centroids].map(
      ({ values, rows, size }) => ['bytes', Buffer.from(values, 'base64').length, 4 * rows * size] as const,
    ),
    ...[pinned.latents, reference.centroids].map(
      ({ size }) => ['numbers of a latent', size, reference.latents.size] as const,
    ),
  ];
  const wrong = sizes.find(([, found, expected]) => found !== expected);
  if (wrong !== undefined)
    throw new FormatError(`${where}: expected ${wrong[2]} ${wrong[0]}, got ${wrong[1]}`, { remedy: REMEDY });
  const labels = [reference.labels, observed.judged.labels].flatMap(numbersOf);
  const label = labels.find((each) => !(each >= 0 && each < names.length && Number.isInteger(each)));
  if (label !== undefined)
    throw new FormatError(`${where}: expected classes in 0..${names.length - 1}, got ${label}`, { remedy: REMEDY });
  const row = pinned.rows.find((each) => each < 0 || each >= count);
  if (row !== undefined)
    throw new FormatError(`${where}: expected pinned rows in 0..${count - 1}, got ${row}`, { remedy: REMEDY });
}

export function packLatents({ values, count, size }: Latents): z.output<typeof matrix> {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => {
    bytes.writeFloatLE(value, 4 * index);
  });
  return { rows: count, size, values: bytes.toString('base64') };
}

export function unpackLatents({ values, size }: z.output<typeof matrix>): Latents {
  const bytes = Buffer.from(values, 'base64');
  return createLatents(
    Float32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index)),
    size,
  );
}

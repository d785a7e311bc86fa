// What a rounding certificate records: certificate.json and `jepa certify --json`. The schema is the documentation of every field;
// docs/schema/certificate.schema.json is made from it. The theorem: docs/certificate.md.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { FormatError } from '../../error.ts';
import { parseJsonIfAny } from '../../json.ts';

/** Raised when a field changes its meaning. Fields may be added without. */
export const PROOF_FORMAT = 1;

const fraction = z.number().min(0).max(1);
const measure = z.number().min(0);

const provenAnswer = z.strictObject({
  answer: z.enum(['yes', 'no', 'undecided']).describe('in the float64 reference'),
  isProven: z.boolean().describe('every such runtime gives the same answer'),
  range: z
    .tuple([measure, measure.nullable()])
    .describe('where the deciding number lies on all of them; null: infinite'),
  threshold: measure,
  pair: z.tuple([z.string(), z.string()]).describe('the pair of classes that is the least certain'),
});

export const proofSchema = z.strictObject({
  format: z.literal(PROOF_FORMAT),
  encoder: z.strictObject({
    file: z.string(),
    sha256: z.string().describe('of the file; weights that lie beside it are not in it'),
  }),
  observed: z.string().describe('the environment or the recording that the observations are of'),
  seed: z.int().describe('of the observations'),
  observations: z.int().min(1).describe('held-out observations that were judged'),
  centroidObservations: z.int().min(1).describe('further ones, from which the centroids are'),
  classes: z.strictObject({ of: z.string(), count: z.int().min(1) }),
  hypotheses: z.strictObject({
    format: z
      .literal('float32')
      .describe('every operator rounds to float32 or better; sums are kept in float32 or better'),
    additions: z
      .int()
      .nullable()
      .describe('at most how many additions lie between a product and its sum; null: any order of summation'),
  }),
  latentErrorBound: z
    .strictObject({ median: measure, largest: measure })
    .describe(
      'of the Euclidean distance between the latent of any such runtime and that of the float64 reference, over all observations',
    ),
  latentScale: measure.describe('root mean square length of the latents'),
  accuracy: fraction.describe('nearest-centroid accuracy of the reference'),
  certified: fraction.describe('observations whose nearest centroid is the same on every such runtime'),
  certifiedOfRight: fraction.describe('the same of those that are right in the reference'),
  accuracyRange: z.tuple([fraction, fraction]).describe('the accuracy of every such runtime lies between these'),
  smallestRecallRange: z
    .tuple([fraction, fraction])
    .describe('and so does the recall of the class where it is smallest'),
  verdict: z
    .strictObject({
      isDistinct: z.boolean().describe('the word of the verdict is distinct on every such runtime'),
      separable: provenAnswer.describe(
        'can every two classes be told apart? The range is of the share in the worst pair by neighbours, from below',
      ),
      clustered: provenAnswer.describe('is each class one cluster? The range is of the ratio of the worst pair'),
    })
    .nullable()
    .optional()
    .describe(
      'what jepa evaluate would say on every such runtime, of these observations; null: there are fewer than two observations of a class',
    ),
  undecided: z
    .array(z.strictObject({ classes: z.tuple([z.string(), z.string()]), observations: z.int().min(1) }))
    .describe('the nearest class in the reference, and another that may be nearest elsewhere'),
  widest: z
    .array(z.strictObject({ node: z.string(), operator: z.string(), share: fraction }))
    .describe('the nodes whose rounding makes the most of the bounds, with their shares'),
  measured: z
    .array(
      z.strictObject({
        runtime: z.string(),
        version: z.string(),
        largest: measure.describe('largest distance of its latents to the reference'),
        largestPart: measure.describe('largest part of its bound that the error of one observation reaches'),
        elsewhere: z.int().min(0).describe('judged observations whose nearest class differs from the reference'),
      }),
    )
    .describe('runtimes that were run beside the proof: none may leave the bounds'),
  millisecondsPerObservation: measure,
});
/** What certificate.json holds, as `certifyEncoder` returns it; each field is described by the schema. */
export type ProofRecord = z.output<typeof proofSchema>;

/** The JSON Schema of a certificate, as docs/schema/certificate.schema.json holds it. */
export function proofJsonSchema(): Record<string, unknown> {
  return { title: 'Rounding certificate of an encoder', ...z.toJSONSchema(proofSchema) };
}

/**
 * The certificate at `path` where there is one of this encoder; undefined where there is none, or it is of another file.
 * @throws FormatError where something else is there
 */
export function readProof(path: string, sha256: string): ProofRecord | undefined {
  if (!existsSync(path)) return undefined;
  const parsed = proofSchema.safeParse(parseJsonIfAny(readFileSync(path, 'utf8')));
  if (!parsed.success)
    throw new FormatError(`${path}: expected a certificate of format ${PROOF_FORMAT}, got another file`, {
      remedy: 'Make it again with jepa certify, or delete it.',
    });
  return parsed.data.encoder.sha256 === sha256 ? parsed.data : undefined;
}

/** certificate.json in the folder of a run or an export; NAME.certificate.json beside NAME.onnx. */
export function proofPath(subject: string): string {
  return /\.onnx$/i.test(subject)
    ? subject.replace(/\.onnx$/i, '.certificate.json')
    : join(subject, 'certificate.json');
}

// What an evaluation of very many observations records of how it was made: docs/scale.md.
import * as z from 'zod';

const measure = z.number().min(0);
const bracket = z.tuple([measure, measure.nullable()]);

/** How an evaluation of very many observations was made. */
export const streamSchema = z.strictObject({
  digest: z.string().describe('sha256 of all that was summed: the same for every partition of the same plan'),
  machines: z.array(z.string()).describe('which computed the latents; empty of latents from elsewhere'),
  queries: z
    .int()
    .describe('judged observations that were compared with all others: means over pairs are means over them'),
  standardErrors: z
    .strictObject({
      meanDistance: measure,
      meanDistanceWithin: measure,
      meanDistanceBetween: measure,
      nearestNeighbourAccuracy: measure,
      silhouette: measure,
      sharedLatents: measure,
    })
    .describe('of what is a mean over the queries'),
  smallestGap: bracket.describe('lower and upper bound; the same where it is exact'),
  gapRatio: bracket.describe('lower and upper bound; null: infinite'),
  sample: z
    .strictObject({
      observations: z.int(),
      centroidObservations: z.int(),
      classes: z
        .int()
        .describe('fewer than all where there are very many: those with the smallest centroid gap ratios'),
    })
    .describe('of which separable, clustered, lidar, the certificate and all numbers of further runtimes are'),
});
export type StreamRecord = z.output<typeof streamSchema>;

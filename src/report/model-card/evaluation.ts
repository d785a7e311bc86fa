// What a model card says of an evaluation: its table, and the `model-index` that Hugging Face shows beside the model
// (https://huggingface.co/docs/hub/model-cards#evaluation-results). Reads evaluation.json, whose newer fields do not matter here.
import * as z from 'zod';
import { EVALUATION_FORMAT } from '../../evaluation/schema/evaluation.ts';
import { formatNumber } from '../number.ts';
import { table } from './table.ts';

const measure = z.number().nullable();

export const cardEvaluationSchema = z.looseObject({
  format: z.literal(EVALUATION_FORMAT),
  step: z.int().nullable(),
  environment: z.looseObject({ name: z.string() }),
  observations: z.int(),
  transitions: z.int(),
  classes: z.looseObject({ of: z.string(), names: z.array(z.string()) }),
  runtimes: z
    .array(
      z.looseObject({
        runtime: z.string(),
        version: z.string(),
        verdict: z.string(),
        nearestCentroidAccuracy: z.number(),
        smallestRecall: z.number(),
        nearestNeighbourAccuracy: z.number(),
        gapRatio: measure,
        centroidGapRatio: measure,
        smallestGap: z.number(),
        silhouette: z.number(),
        effectiveRank: z.number(),
        dynamicsResidual: z.number(),
        relativeDynamicsResidual: measure,
        maxLatentError: z.number(),
      }),
    )
    .min(1),
});
export type CardEvaluation = z.output<typeof cardEvaluationSchema>;

type CardMeasure = keyof CardEvaluation['runtimes'][number] & string;

/** Which measures a card shows, and the words for them; `type` is Hugging Face's metric where it has one. */
const cardMeasures: readonly { readonly key: CardMeasure; readonly type: string; readonly name: string }[] = [
  { key: 'nearestCentroidAccuracy', type: 'accuracy', name: 'Nearest-centroid accuracy' },
  { key: 'smallestRecall', type: 'recall', name: 'Recall of the worst class' },
  { key: 'nearestNeighbourAccuracy', type: 'nearest_neighbour_accuracy', name: 'Nearest-neighbour accuracy' },
  { key: 'gapRatio', type: 'gap_ratio', name: 'Gap ratio of the worst pair of classes' },
  { key: 'centroidGapRatio', type: 'centroid_gap_ratio', name: 'Centroid gap ratio of the worst pair' },
  { key: 'smallestGap', type: 'smallest_gap', name: 'Smallest gap between classes' },
  { key: 'silhouette', type: 'silhouette', name: 'Silhouette' },
  { key: 'effectiveRank', type: 'effective_rank', name: 'Effective rank' },
  { key: 'dynamicsResidual', type: 'mse', name: 'Mean squared error of the predicted next latent' },
  { key: 'relativeDynamicsResidual', type: 'relative_mse', name: 'The same, over the variance of next latents' },
];

export function evaluationSection(evaluation: CardEvaluation): string {
  const { classes, observations, transitions, environment, runtimes } = evaluation;
  const numbers = cardMeasures.map(({ key, name }) => [
    name,
    ...runtimes.map((runtime) => {
      const value = runtime[key];
      return typeof value === 'number' ? formatNumber(value) : 'none';
    }),
  ]);
  return [
    `${observations} held-out observations and ${transitions} held-out transitions of ${environment.name}, in ${classes.names.length} ` +
      `classes by ${classes.of}. The verdict is **${runtimes[0].verdict}**: whether the latents keep these classes apart.`,
    table(
      ['measure', ...runtimes.map(({ runtime, version }) => `${runtime} (${version})`)],
      [['Verdict', ...runtimes.map(({ verdict }) => verdict)], ...numbers],
    ),
  ].join('\n\n');
}

/** Full numbers of the first runtime, as evaluation.json has them; what could not be measured is left out. */
export function modelIndex(run: string, { environment, classes, runtimes }: CardEvaluation): unknown {
  const [first] = runtimes;
  const metrics = cardMeasures.flatMap(({ key, type, name }) => {
    const value = first[key];
    return typeof value === 'number' ? [{ type, name, value }] : [];
  });
  return [
    {
      name: run,
      results: [
        {
          task: { type: 'reinforcement-learning', name: 'Keeping classes of observations apart' },
          dataset: { type: environment.name, name: `${environment.name}, classes by ${classes.of}` },
          metrics,
        },
      ],
    },
  ];
}

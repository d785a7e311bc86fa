// What probes read from the latents, over a sweep of noise, beside the encoder before training and shuffled targets.

import type { ProbeReadoutRecord } from '../../evaluation/schema/readout.ts';
import { left, right } from '../column.ts';
import { formatCount, formatScore } from '../number.ts';
import type { BlockOf, ReportSection } from '../report.ts';
import { rounded } from '../sample.ts';

type Result = ProbeReadoutRecord['results'][number];

/** The noise that the finding is about: enough to hide what sits in the last hundredth of the variance. */
const TELLING_NOISE = 0.1;
/** Scores below are drawn there: a probe that fails can fail without bound. */
const LOWEST_DRAWN = -0.2;

export function probeSection(record: ProbeReadoutRecord): ReportSection {
  const targets = [...new Set(record.results.map((result) => result.target))];
  return {
    id: 'probes',
    title: 'What probes read',
    finding: probeFinding(record),
    blocks: [
      ...targets.map((target) => linesBlock(record, target)),
      tableBlock(record),
      {
        kind: 'text',
        paragraphs: [
          `Each probe was trained on at most ${formatCount(record.observations)} observations and scored on at most ${formatCount(record.testObservations)} others: those that show what it is asked for. ` +
            'Noise is Gaussian, the same in all directions, in units of the root mean square deviation of the latents. ' +
            'Without noise a probe finds what sits in a vanishing part of the variance. What the encoder kept before training, it kept by chance: the two stand side by side.',
        ],
      },
    ],
  };
}

/** One sentence: the better of the two probes at the telling noise, after and before training. */
export function probeFinding({ results }: ProbeReadoutRecord): string {
  const targets = [...new Set(results.map((result) => result.target))];
  const noise = tellingNoise(results);
  const read = targets.map((target) => {
    const of = (encoder: Result['encoder']) => formatScore(bestScore(results, target, encoder, noise));
    const measure = results.find((result) => result.target === target)?.measure === 'accuracy' ? 'accuracy' : 'R²';
    return `${target} ${of('trained')} (${of('untrained')}, ${measure})`;
  });
  return `With noise of ${noise} of the latent scale, the better of two probes reads, and in brackets before training: ${read.join(', ')}.`;
}

function tellingNoise(results: readonly Result[]): number {
  const levels = results[0]?.scores.map((score) => score.noise) ?? [];
  return levels.includes(TELLING_NOISE) ? TELLING_NOISE : (levels[levels.length - 1] ?? 0);
}

function bestScore(
  results: readonly Result[],
  target: string,
  encoder: Result['encoder'],
  noise: number,
): number | null {
  const scores = results
    .filter((result) => result.target === target && result.encoder === encoder)
    .flatMap((result) => result.scores.find((score) => score.noise === noise)?.score ?? []);
  return scores.length > 0 ? Math.max(...scores) : null;
}

const encoderNames: Readonly<Record<Result['encoder'], string>> = { trained: 'trained', untrained: 'before training' };
const probeNames: Readonly<Record<Result['probe'], string>> = { linear: 'linear', mlp: 'MLP' };

function linesBlock({ results }: ProbeReadoutRecord, target: string): BlockOf<'lines'> {
  const shown = results.filter((result) => result.target === target);
  const isAccuracy = shown[0]?.measure === 'accuracy';
  const chance = shown[0]?.chance ?? 0;
  return {
    kind: 'lines',
    title: target,
    description:
      `${isAccuracy ? 'Accuracy' : 'R²'} of two probes on held-out observations, after training and before; ` +
      `${isAccuracy ? `the most frequent class alone gives ${formatScore(chance)}` : 'the mean alone gives 0'}.` +
      `${isAccuracy ? '' : ` Below ${formatScore(LOWEST_DRAWN)} they are drawn at ${formatScore(LOWEST_DRAWN)}.`}`,
    x: { label: 'noise / latent scale', scale: 'linear' },
    y: { label: isAccuracy ? 'accuracy' : 'R²', scale: 'linear' },
    series: shown.map(({ probe, encoder, scores }) => ({
      // Short: a legend of long names is wider than the chart.
      name: `${probeNames[probe]}${encoder === 'trained' ? '' : ' before'}`,
      points: scores.flatMap(({ noise, score }): [number, number][] =>
        score === null ? [] : [[noise, rounded(Math.max(LOWEST_DRAWN, score))]],
      ),
    })),
  };
}

function tableBlock({ results }: ProbeReadoutRecord): BlockOf<'table'> {
  const levels = results[0]?.scores.map((score) => score.noise) ?? [];
  return {
    kind: 'table',
    caption: 'Scores by noise; in the last column the largest that was found where targets were shuffled',
    columns: [
      left('target'),
      left('encoder'),
      left('probe'),
      ...levels.map((noise) => right(String(noise))),
      right('shuffled'),
    ],
    rows: results.map(({ target, measure, encoder, probe, scores }) => [
      `${target} (${measure === 'accuracy' ? 'accuracy' : 'R²'})`,
      encoderNames[encoder],
      probeNames[probe],
      ...scores.map(({ score }) => formatScore(score)),
      formatScore(Math.max(...scores.map(({ shuffledScore }) => shuffledScore ?? 0))),
    ]),
  };
}

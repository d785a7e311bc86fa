// What a decoder that only sees latents can draw: originals above what it made of them, and what that shows.

import type { DecoderReadoutRecord } from '../../evaluation/schema/readout.ts';
import { elementCount } from '../../shape.ts';
import { left, right } from '../column.ts';
import { formatCount, formatNumber, formatScore } from '../number.ts';
import { observationPng } from '../picture.ts';
import type { BlockOf, ReportSection } from '../report.ts';
import { sampleByClass } from '../sample.ts';

/** Observations side by side. */
const SHOWN = 9;

export interface DrawnImages {
  readonly observationShape: readonly [height: number, width: number, channels: number];
  /** [N, H, W, C] bytes each. */
  readonly truth: Uint8Array;
  readonly trained: Uint8Array;
  readonly untrained: Uint8Array;
  /** The class of each observation. */
  readonly labels: { readonly names: readonly string[]; readonly of: Int32Array };
}

export function decoderSection(record: DecoderReadoutRecord, images: DrawnImages): ReportSection {
  return {
    id: 'decoder',
    title: 'What a decoder draws',
    finding: decoderFinding(record),
    blocks: [pictureBlock(images), scoreBlock(record), { kind: 'text', paragraphs: [methodOf(record)] }],
  };
}

/** Pixels, then everything that can be read from the drawn images; before training in brackets. */
export function decoderFinding({ pixelError, scores, noise }: DecoderReadoutRecord): string {
  const ofMean = (error: number) => error.toFixed(2);
  const read = scores.map(
    ({ target, measure, trained, untrained }) =>
      `${target} ${formatScore(trained)} (${formatScore(untrained)}, ${measure === 'accuracy' ? 'accuracy' : 'r²'})`,
  );
  return [
    `Drawn from their latents${noise > 0 ? ` with noise of ${noise} of the latent scale` : ''}, held-out observations have ` +
      `${ofMean(pixelError.trained)} of the mean image's error; before training it was ${ofMean(pixelError.untrained)}.`,
    ...(read.length > 0 ? [`Read from the drawings, and in brackets before training: ${read.join(', ')}.`] : []),
  ].join(' ');
}

function pictureBlock(images: DrawnImages): BlockOf<'images'> {
  const { names, of } = images.labels;
  const chosen = spreadOver(sampleByClass(of, names.length, 2 * names.length), SHOWN);
  const size = elementCount(images.observationShape);
  const rows = [
    { label: 'original', alt: 'original', bytes: images.truth },
    { label: 'decoded', alt: 'drawn from its latent', bytes: images.trained },
    { label: 'before training', alt: 'drawn from its latent of the encoder before training', bytes: images.untrained },
  ];
  return {
    kind: 'images',
    caption:
      'Held-out observations, below each what a decoder draws from its latent, and from its latent of the encoder before training',
    columns: chosen.length,
    items: rows.flatMap(({ label, alt, bytes }) =>
      chosen.map((row) => ({
        png: observationPng(bytes.slice(row * size, (row + 1) * size), images.observationShape),
        alt: `class ${names[of[row]] ?? 'unknown'}, ${alt}`,
        label,
      })),
    ),
  };
}

function scoreBlock({ pixelError, scores }: DecoderReadoutRecord): BlockOf<'table'> {
  return {
    kind: 'table',
    caption: 'What the drawn images recover of the originals',
    columns: [left('of'), left('measure'), right('trained encoder'), right('before training'), right('mean image')],
    rows: [
      [
        'pixels',
        "error over the mean image's (0 is perfect)",
        formatNumber(pixelError.trained),
        formatNumber(pixelError.untrained),
        '1.00',
      ],
      ...scores.map(({ target, measure, trained, untrained, meanImage }) => [
        target,
        measure === 'accuracy' ? 'accuracy (1 is perfect)' : 'r², squared correlation (1 is perfect)',
        formatScore(trained),
        formatScore(untrained),
        formatScore(meanImage),
      ]),
    ],
  };
}

function methodOf({ observations, testObservations, steps, noise, runtime }: DecoderReadoutRecord): string {
  return (
    `Each decoder was trained for ${formatCount(steps)} steps on the latents of ${formatCount(observations)} observations, ` +
    `which it cannot change, and drew ${formatCount(testObservations)} others, as an ONNX file on ${runtime}. ` +
    `Latents are divided by one number, their root mean square deviation, so that no direction is amplified over another; ` +
    `${noise > 0 ? `Gaussian noise of ${noise} of that scale was added` : 'no noise was added'}. ` +
    'What a decoder fails to draw may still be there for another one to find.'
  );
}

/** At most `limit` of the rows, the first and the last among them. */
function spreadOver(rows: Int32Array, limit: number): number[] {
  const count = Math.min(limit, rows.length);
  return Array.from({ length: count }, (_, i) => rows[Math.round((i * (rows.length - 1)) / Math.max(1, count - 1))]);
}

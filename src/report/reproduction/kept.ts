// What the latents of each row keep of the images, on the first seed: probes over a sweep of noise, and decoders, with the encoder
// before training beside them.

import type { DecoderReadoutRecord, ProbeReadoutRecord } from '../../evaluation/schema/readout.ts';
import { left, right } from '../column.ts';
import { formatScore } from '../number.ts';
import type { BlockOf, ReportBlock, ReportSection } from '../report.ts';
import { rounded } from '../sample.ts';
import type { ReproductionRow } from './reproduction.ts';

type ProbeResult = ProbeReadoutRecord['results'][number];

/** Noise of the tables: none, and enough to hide what sits in the last hundredth of the variance. */
const TABLE_NOISE = [0, 0.1];
const UNTRAINED = 'before training';
/** Scores below are drawn there: a probe that fails can fail without bound. */
const LOWEST_DRAWN = -0.2;

interface Keeper {
  readonly name: string;
  readonly encoder: 'trained' | 'untrained';
  readonly row: ReproductionRow;
}

export function keptSection(rows: readonly ReproductionRow[]): ReportSection[] {
  const probed = rows.filter((row) => row.runs[0].record.probes !== undefined);
  const decoded = rows.filter((row) => row.runs[0].record.decoder !== undefined);
  const blocks: ReportBlock[] = [
    ...(decoded.length > 0 ? [decoderTable(decoded), ...drawings(decoded)] : []),
    ...(probed.length > 0 ? [...TABLE_NOISE.map((noise) => probeTable(probed, noise)), ...sweeps(probed)] : []),
  ];
  if (blocks.length === 0) return [];
  return [
    {
      id: 'kept',
      title: 'What each keeps of the images',
      finding:
        'Probes and decoders look for what the latents need not keep: shape, colour, position. What a probe finds without noise may sit in a vanishing part of the variance; what the encoder kept before training, it kept by chance.',
      blocks,
    },
  ];
}

/** The rows, and the encoder that all of them started from. */
function keepersOf(rows: readonly ReproductionRow[]): Keeper[] {
  const trained = rows.map((row): Keeper => ({ name: row.name, encoder: 'trained', row }));
  return [...trained, { name: UNTRAINED, encoder: 'untrained', row: rows[0] }];
}

/** The better of two probes. */
function probeScore({ row, encoder }: Keeper, target: string, noise: number): number | null {
  const scores = probesOf(row)
    .filter((result) => result.target === target && result.encoder === encoder)
    .flatMap((result) => result.scores.find((score) => score.noise === noise)?.score ?? []);
  return scores.length > 0 ? Math.max(...scores) : null;
}

function probesOf(row: ReproductionRow): readonly ProbeResult[] {
  return row.runs[0].record.probes?.results ?? [];
}

function probeTargets(rows: readonly ReproductionRow[]): ProbeResult[] {
  const results = rows.flatMap(probesOf);
  return results.filter((result, index) => results.findIndex((other) => other.target === result.target) === index);
}

function probeTable(rows: readonly ReproductionRow[], noise: number): BlockOf<'table'> {
  const targets = probeTargets(rows);
  return {
    kind: 'table',
    caption: `The better of a linear and an MLP probe, ${noise === 0 ? 'without noise' : `with noise of ${noise} of the latent scale`}; first seed`,
    columns: [
      left('trained with'),
      ...targets.map(({ target, measure }) => right(`${target} (${measure === 'accuracy' ? 'accuracy' : 'R²'})`)),
    ],
    rows: keepersOf(rows).map((keeper) => [
      keeper.name,
      ...targets.map(({ target }) => formatScore(probeScore(keeper, target, noise))),
    ]),
  };
}

function sweeps(rows: readonly ReproductionRow[]): BlockOf<'lines'>[] {
  return probeTargets(rows).map(({ target, measure, chance, scores }) => ({
    kind: 'lines',
    title: `Probes for ${target}`,
    description: `${measure === 'accuracy' ? 'Accuracy' : 'R²'} of the better probe over the noise, first seed; ${
      measure === 'accuracy' ? `the most frequent class alone gives ${formatScore(chance)}` : 'the mean alone gives 0'
    }.`,
    x: { label: 'noise / latent scale', scale: 'linear' },
    y: { label: measure === 'accuracy' ? 'accuracy' : 'R²', scale: 'linear' },
    series: keepersOf(rows).map((keeper) => ({
      name: keeper.name,
      points: scores.flatMap(({ noise }): [number, number][] => {
        const score = probeScore(keeper, target, noise);
        return score === null ? [] : [[noise, rounded(Math.max(LOWEST_DRAWN, score))]];
      }),
    })),
  }));
}

function decoderTable(rows: readonly ReproductionRow[]): BlockOf<'table'> {
  const decoders = new Map<ReproductionRow, DecoderReadoutRecord>();
  for (const row of rows) {
    const { decoder } = row.runs[0].record;
    if (decoder) decoders.set(row, decoder);
  }
  const targets = [...decoders.values()][0].scores;
  return {
    kind: 'table',
    caption:
      'What decoders draw, first seed: the error of the pixels over that of the mean image (0 is perfect), and what can be read from the drawn images (1 is perfect)',
    columns: [
      left('trained with'),
      right('pixel error'),
      ...targets.map(({ target, measure }) => right(`${target} (${measure === 'accuracy' ? 'accuracy' : 'r²'})`)),
    ],
    rows: keepersOf(rows).map(({ name, encoder, row }) => [
      name,
      formatScore(decoders.get(row)?.pixelError[encoder] ?? null),
      ...targets.map(({ target }) =>
        formatScore(decoders.get(row)?.scores.find((score) => score.target === target)?.[encoder] ?? null),
      ),
    ]),
  };
}

/** Of the joint row and of the one whose auxiliary keeps all pixels: originals, decoded, and before training. */
function drawings(rows: readonly ReproductionRow[]): BlockOf<'images'>[] {
  return rows
    .filter(({ id }) => id === 'joint' || id === 'random-projection')
    .flatMap((row) =>
      row.runs[0].report.sections
        .filter((section) => section.id === 'decoder')
        .flatMap((section) => section.blocks.filter((block) => block.kind === 'images'))
        .map((block) => ({ ...block, caption: `${row.name}. ${block.caption}` })),
    );
}

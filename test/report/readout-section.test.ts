// The sections of probes and decoder: the finding in one sentence, and blocks that a report takes.
import { decode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import type { DecoderReadoutRecord, ProbeReadoutRecord } from '../../src/evaluation/schema/readout.ts';
import { formatScore } from '../../src/report/number.ts';
import { type ReportSection, sectionSchema } from '../../src/report/report.ts';
import { decoderFinding, decoderSection } from '../../src/report/section/decoder.ts';
import { probeFinding, probeSection } from '../../src/report/section/probe.ts';

const decoder: DecoderReadoutRecord = {
  runtime: 'cpu',
  noise: 0,
  steps: 1200,
  observations: 7168,
  testObservations: 1024,
  meanImageError: 0.008,
  pixelError: { trained: 0.9, untrained: 0.4 },
  scores: [
    { target: 'shape', measure: 'accuracy', trained: 0.26, untrained: 0.5, meanImage: 0.25 },
    { target: 'position', measure: 'squared-correlation', trained: 0.01, untrained: 0.8, meanImage: null },
  ],
};

const result = (
  target: string,
  encoder: 'trained' | 'untrained',
  probe: 'linear' | 'mlp',
  scores: readonly number[],
): ProbeReadoutRecord['results'][number] => ({
  target,
  of: 'nuisance',
  measure: target === 'shape' ? 'accuracy' : 'r2',
  chance: target === 'shape' ? 0.25 : 0,
  probe,
  encoder,
  scores: [0, 0.1].map((noise, index) => ({ noise, score: scores[index], shuffledScore: 0.01 })),
});

const probes: ProbeReadoutRecord = {
  observations: 2048,
  testObservations: 1024,
  results: [
    result('shape', 'trained', 'linear', [0.5, 0.31]),
    result('shape', 'trained', 'mlp', [0.9, 0.29]),
    result('shape', 'untrained', 'linear', [0.7, 0.44]),
    result('position', 'trained', 'linear', [0.6, 0.05]),
    result('position', 'trained', 'mlp', [0.7, -3]),
    result('position', 'untrained', 'linear', [0.7, 0.3]),
  ],
};

/** Raw bytes of one channel, 8 x 8: image n is n everywhere. */
const images = (offset: number) => Uint8Array.from({ length: 3 * 64 }, (_, i) => offset + Math.floor(i / 64));

function blockOf<Kind extends ReportSection['blocks'][number]['kind']>(section: ReportSection, kind: Kind) {
  const found = section.blocks.find((block) => block.kind === kind);
  if (found?.kind !== kind) throw new Error(`no ${kind}`);
  return found as Extract<ReportSection['blocks'][number], { kind: Kind }>;
}

describe('decoder section', () => {
  const section = decoderSection(decoder, {
    observationShape: [8, 8, 1],
    truth: images(0),
    trained: images(100),
    untrained: images(200),
    labels: { names: ['a', 'b'], of: Int32Array.of(0, 1, 0) },
  });

  test('says in its finding how much of the error is left, and what is read, before training in brackets', () => {
    expect(decoderFinding(decoder)).toBe(
      "Drawn from their latents, held-out observations have 0.90 of the mean image's error; before training it was 0.40. " +
        'Read from the drawings, and in brackets before training: shape 0.26 (0.50, accuracy), position 0.01 (0.80, r²).',
    );
    expect(decoderFinding({ ...decoder, noise: 0.1, scores: [] })).toContain(
      'with noise of 0.1 of the latent scale, held-out',
    );
    expect(sectionSchema.parse(section)).toEqual(section);
  });

  test('shows the same observations in three rows, sorted by class: original, decoded, before training', () => {
    const { items, columns } = blockOf(section, 'images');
    expect(columns).toBe(3);
    const firstPixels = items.map(({ png }) => decode(Buffer.from(png, 'base64')).data[0]);
    expect(firstPixels).toEqual([0, 2, 1, 100, 102, 101, 200, 202, 201]);
    expect(items[4].alt).toBe('class a, drawn from its latent');
    expect(new Set(items.map(({ label }) => label)).size).toBe(3);
  });

  test('has one row a score in its table, beside the mean image', () => {
    const { rows } = blockOf(section, 'table');
    expect(rows[0].slice(2)).toEqual(['0.900', '0.400', '1.00']);
    expect(rows[2]).toEqual(['position', 'r², squared correlation (1 is perfect)', '0.01', '0.80', '–']);
  });
});

describe('probe section', () => {
  const section = probeSection(probes);

  test('says in its finding what the better probe reads with noise, before training in brackets', () => {
    expect(probeFinding(probes)).toBe(
      'With noise of 0.1 of the latent scale, the better of two probes reads, and in brackets before training: ' +
        'shape 0.31 (0.44, accuracy), position 0.05 (0.30, R²).',
    );
    expect(sectionSchema.parse(section)).toEqual(section);
  });

  test('draws one chart a target, with scores without bound cut at its lower edge, and whole in the table', () => {
    const charts = section.blocks.filter((block) => block.kind === 'lines');
    expect(charts.map((chart) => (chart.kind === 'lines' ? chart.title : ''))).toEqual(['shape', 'position']);
    const position = charts[1];
    if (position.kind !== 'lines') throw new Error('no chart');
    expect(position.series[1]).toEqual({
      name: 'MLP',
      points: [
        [0, 0.7],
        [0.1, -0.2],
      ],
    });
    const { rows } = blockOf(section, 'table');
    expect(rows[4]).toEqual(['position (R²)', 'trained', 'MLP', '0.70', '−3.00', '0.01']);
  });
});

test('scores have two digits, a real minus, and a dash where there is none', () => {
  expect([0.126, -0.5, null].map(formatScore)).toEqual(['0.13', '−0.50', '–']);
});

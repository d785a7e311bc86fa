// What the report says of witnesses of an encoder from anywhere: the images of both, the step that is marked, and what has no image.
import { describe, expect, test } from 'vitest';
import type { ForeignEvaluation } from '../../../src/evaluation/foreign-encoder.ts';
import type { RowWords } from '../../../src/evaluation/held-out/row-words.ts';
import { type EncoderWitnessesRecord, recordEncoderWitnesses } from '../../../src/evaluation/schema/encoder-witness.ts';
import type { EncoderEvaluationRecord } from '../../../src/evaluation/schema/evaluation.ts';
import { type EncoderNetworks, evaluateEncoderWitnesses } from '../../../src/evaluation/witness/evaluate-encoder.ts';
import type { ReportBlock } from '../../../src/report/report.ts';
import { encoderWitnessFinding, encoderWitnessSection } from '../../../src/report/section/encoder-witness.ts';
import type { ObservationInput } from '../../../src/run/encode.ts';

/** Two words of one action, of [1, 1, 3] images: the latent is the first byte. 1 goes to 1 and 2 to 4, where the class is another. */
const pixels = (byte: number) => [byte, 0, 0];
const words: RowWords = {
  ...{ count: 2, length: 1, column: 'goal', of: 'classes' },
  lengths: Int32Array.of(1, 1),
  observations: Uint8Array.from([1, 1, 2, 4].flatMap(pixels)),
  actions: Float32Array.of(3, 3),
  auxiliary: Float32Array.of(1, 0, 1, 0, 1, 0, 0, 1),
  episodes: Int32Array.of(0, 1),
  rows: Int32Array.of(7, 9),
  recordedActions: [{ column: 'move', size: 1, choices: 4 }],
  nameOfAction: ([action]) => `action ${action}`,
  nameOfValue: (value) => `goal ${value.indexOf(1)}`,
};
const rowSize = 3;
const encode: EncoderNetworks['encode'] = async (observations) => {
  const count = observations.length / rowSize;
  return { values: Float32Array.from({ length: count }, (_, n) => observations[n * rowSize]), count, size: 1 };
};
/** T(z) = z: right for the first, two short for the second. */
const predictor: EncoderNetworks['predictor'] = { gives: 'next', predict: async ({ values }) => values.slice() };

async function sectionOf(
  networks: Pick<EncoderNetworks, 'predictor'>,
  input: ObservationInput = { name: 'x', layout: 'nhwc', type: 'uint8' },
  observationShape: readonly number[] = [1, 1, 3],
  followed = words,
) {
  const witnesses = await evaluateEncoderWitnesses(followed, { runtime: 'cpu', encode, ...networks });
  const record: EncoderWitnessesRecord = recordEncoderWitnesses(witnesses);
  const evaluation = {
    input: { encoder: { path: 'e.onnx', input }, source: { observationShape } } as ForeignEvaluation['input'],
    witnesses,
  };
  const file = networks.predictor && { predictor: { file: 'p.onnx' } };
  const [section] = encoderWitnessSection(evaluation, { witnesses: record, ...file } as EncoderEvaluationRecord);
  return { section, record };
}

const blocksOf = <Kind extends ReportBlock['kind']>(blocks: readonly ReportBlock[], kind: Kind) =>
  blocks.filter((block): block is Extract<ReportBlock, { kind: Kind }> => block.kind === kind);

describe('the section of witnesses', () => {
  test('shows both images of every step by episode and row, marks the error, and says the values at the end', async () => {
    const { section, record } = await sectionOf({ predictor });
    const [{ items, caption }] = blocksOf(section.blocks, 'images');
    expect(caption).toBe('Episode 0 row 7 and episode 1 row 9, told apart by action 3');
    expect(items.map(({ label }) => label)).toEqual([
      'episode 0 row 7',
      'step 1 (action 3): episode 0 row 8, missed by 0, goal 0',
      'episode 1 row 9',
      'step 1 (action 3): episode 1 row 10, missed by 2.00: most here, goal 1',
    ]);
    const [listed, steps] = blocksOf(section.blocks, 'table');
    expect(listed.rows[0].at(-1)).toBe('errors of the predictor, step 1');
    expect(steps.rows[1]).toContainEqual({ text: '2.00', tone: 'bad' });
    expect(section.finding?.toLowerCase()).toBe(encoderWitnessFinding(record).toLowerCase());
    expect(section.finding).toMatch(/^Episode/);
    // Residuals 0 and 2 of the two transitions.
    expect(record).toMatchObject({ prediction: { transitions: 2, usualError: Math.SQRT2 } });
    expect(JSON.stringify(section.blocks)).toContain('p.onnx is usually 1.41 away from the latent of what follows');
  });

  test('has no predictor to speak of without one: how much the latents part stands in its place', async () => {
    const { section } = await sectionOf({});
    const [, steps] = blocksOf(section.blocks, 'table');
    expect(steps.columns.map(({ name }) => name)).toContain('times those before');
    expect(steps.rows[1]).toContain('3.00');
    expect(section.finding).toMatch(
      /Nearest pairs of two classes that were followed: 1; left to a head: 0, parted on the way: 1\.$/,
    );
  });

  test('of two that differ at once has both images and no steps', async () => {
    const atOnce = { ...words, auxiliary: Float32Array.of(1, 0, 1, 0, 0, 1, 0, 1) };
    const { section } = await sectionOf({ predictor }, undefined, undefined, atOnce);
    const [{ items, caption }] = blocksOf(section.blocks, 'images');
    expect(caption).toBe('Episode 0 row 7 and episode 1 row 9, different at once');
    expect(items.map(({ label }) => label)).toEqual(['episode 0 row 7, goal 0', 'episode 1 row 9, goal 1']);
    expect(blocksOf(section.blocks, 'table')).toHaveLength(1);
  });

  test('shows the image among several inputs, and of numbers none', async () => {
    const image = { name: 'x', layout: 'nhwc', type: 'uint8', shape: [1, 1, 1] } as const;
    const numbers = { name: 'v', layout: 'flat', type: 'float32', shape: [2] } as const;
    const { section } = await sectionOf({}, { ...numbers, parts: [numbers, image] });
    expect(blocksOf(section.blocks, 'images')[0].items).toHaveLength(4);
    const none = await sectionOf({}, numbers, [3]);
    expect(blocksOf(none.section.blocks, 'images')).toEqual([]);
    expect(blocksOf(none.section.blocks, 'table')).toHaveLength(2);
  });

  test('says why there are none, and is not there where none were looked for', () => {
    const record = { witnesses: { none: 'nothing was followed' } } as EncoderEvaluationRecord;
    const [{ finding, blocks }] = encoderWitnessSection({}, record);
    expect(finding).toBe('There are none: nothing was followed.');
    expect(blocksOf(blocks, 'text')).toHaveLength(1);
    expect(encoderWitnessSection({}, {} as EncoderEvaluationRecord)).toEqual([]);
  });
});

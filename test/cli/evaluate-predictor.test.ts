// `jepa evaluate encoder.onnx --predictor predictor.onnx` on files that PyTorch exported: test/python/torch_predictors.py. Five cells in a row
// have the latents 0, 1, 1.25, 3 and 4, two actions lead down and up, the reward is 1 in the last cell, and the predictor adds or takes 1.
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FoundEncoderWitnessesRecord } from '../../src/evaluation/schema/encoder-witness.ts';
import { type EncoderEvaluationRecord, encoderEvaluationSchema } from '../../src/evaluation/schema/evaluation.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { jepaWith } from './jepa.ts';

const evaluate = jepaWith(['evaluate']);
const folder = join(import.meta.dirname, '..', 'fixtures', 'torch-predictor');
const fixture = (name: string) => join(folder, name);
const foreign = (name: string) => join(folder, '..', 'foreign-encoder', name);
const observed = [fixture('encoder.onnx'), '--data', fixture('cells.npz'), '--no-report'];
const byReward = [...observed, '--classes', 'quantiles:2'];

async function recordOf(...argv: readonly string[]): Promise<EncoderEvaluationRecord> {
  const { code, stdout, stderr } = await evaluate(...argv, '--json');
  if (code !== 0) throw new Error(stderr);
  return encoderEvaluationSchema.parse(JSON.parse(stdout));
}

function foundIn({ witnesses }: EncoderEvaluationRecord): FoundEncoderWitnessesRecord {
  if (witnesses?.none === null) return witnesses;
  throw new Error(`expected witnesses, got ${witnesses?.none}`);
}

describe('jepa evaluate of an encoder with its predictor', () => {
  test('names the nearest pair that must be apart, its actions, its step and both residuals', async () => {
    const record = await recordOf(...byReward, '--predictor', fixture('predictor.onnx'));
    expect(record.predictor).toMatchObject({
      ...{ file: 'predictor.onnx', latent: 'z', action: 'u', output: 'next', gives: 'next' },
      actions: [{ column: 'action', choices: 2 }],
    });
    const found = foundIn(record);
    expect(found).toMatchObject({ column: 'reward', of: 'numbers', among: 'episodes', words: 'recorded' });
    // Cells 1 and 2, twice up: 1 to 1.25 to 3, and 1.25 to 3 to 4, where the predictor says 2, 2.25 and 2.25, 4.
    const [{ word, distance, steps, breaks, values, gap }] = found.pairs;
    expect(word).toEqual(['action 1', 'action 1']);
    expect([distance, gap]).toEqual([0.25, 1]);
    expect(steps.map((step) => step.distance)).toEqual([0.25, 1.75, 1]);
    expect(steps.map((step) => step.dynamicsResiduals)).toEqual([
      [0, 0],
      [0.75, 0.75],
      [0.75, 0],
    ]);
    expect(steps.map((step) => step.stretch)).toEqual([undefined, 7, 4 / 7]);
    // Slopes 1 and 1/7 . (2.25 - 1.25 = 1 became 4 - 2.25 = 1.75: slope 1): 0.25, 1.5 and 0.75 of 2.5.
    expect(breaks).toEqual({ kind: 'dynamics', step: 1, side: 0, share: 1.5 / 2.5 });
    expect(values).toEqual(['reward 0', 'reward 1']);
    expect(found.account).toMatchObject({ holding: found.checkedPairs });
  });

  test('without it: the same pair, and which least constant a predictor without error would have', async () => {
    const record = await recordOf(...byReward);
    expect(record.predictor).toBeUndefined();
    const found = foundIn(record);
    expect(found).toMatchObject({ prediction: null, account: null, causes: { dynamics: 0, distance: 0 } });
    const [{ sentence, breaks, steps }] = found.pairs;
    expect(breaks).toEqual({ kind: 'stretch', step: 1, side: null, share: null });
    expect(steps[1].dynamicsResiduals).toBeUndefined();
    expect(sentence).toMatch(
      /^episode \d+ row \d+ and episode \d+ row \d+: latents 0\.25 apart \(.*\), but after action 1, action 1 one has reward 0 and the other reward 1: at step 1 \(action 1\) their distance goes from 0\.25 to 1\.75: a predictor of a Lipschitz constant below 7 has an error there$/,
    );
  });

  test.each(['half.onnx', 'index.onnx'])('gives the same through %s, of other types, order and batch', async (name) => {
    const found = foundIn(await recordOf(...byReward, '--predictor', fixture(name)));
    const same = foundIn(await recordOf(...byReward, '--predictor', fixture('predictor.onnx')));
    expect(found).toEqual(same);
  });

  test('takes further inputs as numbers, and outputs as differences, which it is told to where they fit better', async () => {
    const same = foundIn(await recordOf(...byReward, '--predictor', fixture('predictor.onnx')));
    const timed = ['--predictor', fixture('timed.onnx'), '--predictor-input', 'dt=1'];
    expect(foundIn(await recordOf(...byReward, ...timed))).toEqual(same);
    const difference = ['--predictor', fixture('difference.onnx')];
    expect(foundIn(await recordOf(...byReward, ...difference, '--predictor-gives', 'difference'))).toEqual(same);
    const { stderr } = await evaluate(...byReward, ...difference);
    expect(stderr).toMatch(/difference\.onnx: read as the next latent, .* --predictor-gives difference/);
  });

  test('of classes of a column: one pair of every two, and what is left to a head', async () => {
    const found = foundIn(await recordOf(...observed, '--classes', 'column:cell'));
    expect(found).toMatchObject({ of: 'classes', column: 'cell', among: 'classes', classes: 5, checkedPairs: 10 });
    // One-hot, two classes are the root of 2 apart.
    const [{ gap, distance, word, values, steepness, breaks }] = found.pairs;
    expect([word, gap, distance]).toEqual([[], Math.SQRT2, 0.25]);
    expect([...values].sort()).toEqual(['cell 1', 'cell 2']);
    expect(steepness).toBeCloseTo(4 * Math.SQRT2, 12);
    expect(breaks.kind).toBe('reading');
  });

  test('prints the pair, and puts both images into the report', async () => {
    const own = temporaryFolder();
    copyFileSync(fixture('encoder.onnx'), join(own, 'encoder.onnx'));
    const { stdout, code } = await evaluate(
      ...[join(own, 'encoder.onnx'), '--data', fixture('cells.npz'), '--classes', 'quantiles:2'],
      ...['--predictor', fixture('predictor.onnx')],
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^witnesses: episode .* \(60% of the explanation\)\. Nearest pairs of two episodes that were followed: 36; /m,
    );
    const page = readFileSync(join(own, 'encoder.report.html'), 'utf8');
    expect(page).toContain('Witnesses');
    expect(page.match(/alt="(first|second) observation, step 2: episode/g)).toHaveLength(6);
    expect(page).toContain('missed by 0.750: most here');
  });

  test.each<[RegExp, readonly string[]]>([
    [
      /encoder\.onnx: expected two inputs, a latent and an action, got "pixels" float32\[batch, 3, 8, 8\]\. A predictor takes/,
      [...byReward, '--predictor', fixture('encoder.onnx')],
    ],
    [
      /double\.onnx: expected latents as encoder\.onnx gives them, float32 or float16 \[N, 3\], got "z" float64\[batch, 3\]/,
      [...byReward, '--predictor', fixture('double.onnx')],
    ],
    [
      /timed\.onnx: expected two inputs, .* "dt" float32\[batch, 1\]\. Say what each takes: --predictor-input NAME=latent, .*--predictor-input dt=0/,
      [...byReward, '--predictor', fixture('timed.onnx')],
    ],
    [
      /predictor\.onnx: expected actions as cell was recorded, .* \[N\] or \[N, 1\] or one-hot \[N, 5\], got "u" float32\[batch, 2\]\. Name the columns/,
      [...byReward, '--map', 'action=cell', '--predictor', fixture('predictor.onnx')],
    ],
    [
      /expected the name of an input of .*, got "q"\. It has "z"/,
      [...byReward, '--predictor', fixture('predictor.onnx'), '--predictor-input', 'q=latent'],
    ],
    [
      /--predictor-input: expected NAME=latent, NAME=action or NAME=NUMBER, got "z=state"/,
      [...byReward, '--predictor-input', 'z=state'],
    ],
    [
      /--predictor-input: expected one input for the latent, got "z" and "u"/,
      [...byReward, '--predictor-input', 'z=latent', '--predictor-input', 'u=latent'],
    ],
    [
      /--predictor-input: expected --predictor FILE beside it, got none/,
      [...byReward, '--predictor-input', 'z=latent'],
    ],
    [/--predictor-gives: expected --predictor FILE beside it, got none/, [...byReward, '--predictor-gives', 'next']],
    [/cells\.npz: expected a field of ModelProto|not ONNX/, [...byReward, '--predictor', fixture('cells.npz')]],
    [
      /missing\.onnx: expected an ONNX file, got nothing there\. Check the path\./,
      [...byReward, '--predictor', fixture('missing.onnx')],
    ],
    [
      /predictor\.onnx: expected recorded actions to feed it with, got .*label.*--map action=NAME/,
      [
        foreign('quarters.onnx'),
        '--data',
        foreign('labelled.npz'),
        '--classes',
        'column:label',
        '--no-report',
        '--predictor',
        fixture('predictor.onnx'),
      ],
    ],
    [
      /--predictor: expected a recording whose actions it can follow, got the environment counting/,
      [foreign('quarters.onnx'), '--environment', 'counting', '--predictor', fixture('predictor.onnx')],
    ],
    [
      /--predictor: expected an encoder, got --latents/,
      ['--latents', fixture('cells.npz'), '--predictor', fixture('predictor.onnx')],
    ],
    [/--predictor: expected an ONNX file to evaluate, got runs/, ['runs', '--predictor', fixture('predictor.onnx')]],
  ])('refuses in one line: %s', async (message, argv) => {
    const { code, stderr, stdout } = await evaluate(...argv);
    const lines = stderr
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('jepa: '));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(message);
    expect(stdout).toBe('');
    expect([1, 2]).toContain(code);
  });
});

describe('an encoder without anything to follow', () => {
  test('says why in words', async () => {
    const images = await recordOf(
      ...[foreign('quarters.onnx'), '--data', foreign('labelled.npz'), '--classes', 'column:label', '--no-report'],
    );
    expect(images.witnesses).toEqual({ none: 'the recording names no actions that could be followed' });
  });
});

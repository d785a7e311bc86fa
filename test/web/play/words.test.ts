// What the page says of a moment: "coarse" alone would be said of latents that fall together before one's eyes.
import { describe, expect, test } from 'vitest';
import type { Frame } from '../../../web/play/protocol.ts';
import { defaultSetting } from '../../../web/play/setting.ts';
import { legendWords, predictionSentence, verdictSentence, verdictWord } from '../../../web/play/words.ts';

const frame = (changes: Partial<Frame>, verdict: Frame['judgement']['verdict'] = 'coarse'): Frame => ({
  step: 100,
  points: new Float32Array(0),
  radius: 1,
  misses: new Float32Array(0),
  prediction: { error: 0.5, constantError: 1 },
  loss: 1,
  terms: {},
  spread: 1,
  judgement: { verdict, separable: 'no', accuracy: 0.5, worst: { pair: [0, 1], share: 0.4 } },
  witness: undefined,
  elapsedMs: 0,
  ...changes,
});

describe('the words of the playground', () => {
  test.each([
    [frame({ step: 0 }), 'Untrained'],
    [frame({ spread: 0.16 }), 'Coarse'],
    [frame({ spread: 0.14 }), 'Coarse, collapsing'],
    [frame({ spread: 0.02 }, 'collapsed'), 'Collapsed'],
    [frame({ spread: 0.14 }, 'distinct'), 'Distinct'],
  ])('the verdict says that latents fall together as soon as one sees it (%#)', (shown, word) => {
    expect(verdictWord(shown).word).toBe(word);
    expect(verdictSentence(shown, ['a', 'b'], [])).toMatch(word === 'Coarse, collapsing' ? /14% of the spread/ : /./);
  });

  test.each([
    [
      'a small error of collapsed latents is worth nothing',
      { error: 0.03, constantError: 0.03, spread: 0.04 },
      /nothing is left/,
    ],
    [
      'a small error of narrow latents that are predicted is worth something',
      { error: 0.01, constantError: 0.1, spread: 0.14 },
      /by 10% of/,
    ],
    ['a large one of wide latents, too', { error: 0.5, constantError: 1, spread: 1 }, /by 50% of/],
    ['nothing is known where a constant does as well', { error: 1.2, constantError: 1, spread: 1 }, /no better/],
  ])('%s', (_, { spread, ...prediction }, sentence) => {
    expect(predictionSentence(frame({ prediction, spread }), defaultSetting)).toMatch(sentence);
  });

  test('without a weight of prediction no error is explained', () => {
    expect(predictionSentence(frame({}), { ...defaultSetting, dynamics: 0 })).toBe(
      'Nothing trains the predictor here.',
    );
  });

  test('colours are classes by reward, unless they are something else', () => {
    const labelling = { names: [], labels: new Int32Array(0) };
    expect(legendWords({ name: 'class', ...labelling }, defaultSetting).meaning).toBe('the number of objects');
    expect(legendWords({ name: 'lamp', ...labelling }, defaultSetting)).toMatchObject({ meaning: 'lamp' });
  });
});

// What the playground says of a training, in words.
import { verdictHeadlines, verdictTones } from '../../src/report/answer.ts';
import { shareMissed } from './prediction.ts';
import type { Frame, Labelling } from './protocol.ts';
import type { Setting } from './setting.ts';
import { playWorlds } from './world.ts';

/** What is trained, in a few words. */
export function titleOf({ dynamics, auxiliary }: Setting): string {
  const names = { reward: 'reward', dense: 'dense reward', projection: 'random projection', none: '' } as const;
  const name = names[auxiliary];
  if (dynamics === 0) return name === '' ? 'Nothing to train' : `${name[0].toUpperCase()}${name.slice(1)} alone`;
  return name === '' ? 'Prediction alone' : `Prediction + ${name}`;
}

/** Spread over that before training below which latents are seen to fall together, before the verdict calls them collapsed. */
const FALLING_SPREAD = 0.15;
/** Share of a constant guess's error from which on the predictor knows next to nothing. */
const LITTLE_LEFT = 0.85;

const isCollapsing = ({ judgement, spread }: Frame): boolean =>
  judgement.verdict === 'coarse' && spread < FALLING_SPREAD;

/** The verdict in a word or two, and how it is coloured. */
export function verdictWord(frame: Frame): { readonly word: string; readonly tone: string } {
  const { verdict } = frame.judgement;
  if (frame.step === 0) return { word: 'Untrained', tone: 'plain' };
  // `jepa evaluate` calls collapsed only what has hardly any room left.
  if (isCollapsing(frame)) return { word: `${verdictHeadlines[verdict]}, collapsing`, tone: verdictTones.collapsed };
  return { word: verdictHeadlines[verdict], tone: verdictTones[verdict] };
}

/** What the prediction error is worth, beside that of a constant guess. */
export function predictionSentence({ prediction, spread, step }: Frame, { dynamics }: Setting): string {
  if (dynamics === 0) return 'Nothing trains the predictor here.';
  if (step === 0) return 'Shaded, once it opens: what the predictor knows better than one guess for all.';
  const share = shareMissed(prediction);
  if (spread < FALLING_SPREAD && share >= LITTLE_LEFT)
    return 'A tiny error, but guessing the same latent for all would do as well: nothing is left to predict.';
  return share >= LITTLE_LEFT
    ? `So far the predictor is ${share < 1 ? 'hardly' : 'no'} better than guessing the same latent for all.`
    : `It misses by ${percent(share)} of what guessing the same latent for all would: this much it knows of the world.`;
}

/** What colours mean, and what has to be told apart. */
export function legendWords(
  { name }: Labelling,
  setting: Setting,
): { readonly meaning: string; readonly sentence: string } {
  if (name === 'class')
    return {
      meaning: playWorlds[setting.world].classes,
      sentence: 'In one colour the same actions bring the same rewards; only different colours must be told apart.',
    };
  return {
    meaning: name,
    sentence: 'The verdict is about other groups: in each, the same actions bring the same rewards.',
  };
}

/** The verdict in a sentence or two, with what tells the worst pair apart. */
export function verdictSentence(frame: Frame, names: readonly string[], actionNames: readonly string[]): string {
  const { judgement, witness, step, spread } = frame;
  if (step === 0) return 'Not trained yet: the latents are whatever a random network makes of the images.';
  const { verdict, worst } = judgement;
  const [first, second] = worst.pair.map((label) => names[label]);
  if (verdict === 'distinct')
    return `All ${names.length} classes can be told apart by their latents, ${first} and ${second} least well.`;
  const merged =
    verdict === 'collapsed'
      ? 'All images have nearly the same latent: prediction is easy, and the latents say nothing.'
      : isCollapsing(frame)
        ? `Collapsing: ${percent(spread)} of the spread is left; only ${percent(worst.share)} of the images of ${first} and ${second} are told apart.`
        : `Some classes share their place: only ${percent(worst.share)} of the images of ${first} and ${second} are told apart.`;
  if (witness === undefined) return merged;
  const word = witness.actions.map((action) => actionNames[action]).join(', then ');
  const when = witness.actions.length === 0 ? 'Without any action' : `After ${word}`;
  const [one, other] = witness.rewards.map((reward) => String(Math.round(100 * reward) / 100));
  return `${merged} ${when}, ${first} leads to the reward ${one} and ${second} to ${other}: to act well, one has to tell them apart.`;
}

export function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}

export function shortNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 100 ? value.toFixed(0) : size >= 1 ? value.toFixed(2) : value.toPrecision(2);
}

// What the playground says of a training, in words.
import type { Frame } from './protocol.ts';
import type { Setting } from './setting.ts';

/** What is trained, in a few words. */
export function titleOf({ dynamics, auxiliary }: Setting): string {
  const names = { reward: 'reward', dense: 'dense reward', projection: 'random projection', none: '' } as const;
  const name = names[auxiliary];
  if (dynamics === 0) return name === '' ? 'Nothing to train' : `${name[0].toUpperCase()}${name.slice(1)} alone`;
  return name === '' ? 'Prediction alone' : `Prediction + ${name}`;
}

/** Spread over that before training below which latents are seen to fall together, before the verdict calls them collapsed. */
const FALLING_SPREAD = 0.15;

/** The verdict in a sentence or two, with what tells the worst pair apart. */
export function verdictSentence(
  { judgement, witness, step, spread }: Frame,
  names: readonly string[],
  actionNames: readonly string[],
): string {
  if (step === 0) return 'Not trained yet: the latents are whatever a random network makes of the images.';
  const { verdict, worst } = judgement;
  const [first, second] = worst.pair.map((label) => names[label]);
  if (verdict === 'distinct')
    return `All ${names.length} classes can be told apart by their latents, ${first} and ${second} least well.`;
  const merged =
    verdict === 'collapsed'
      ? 'All images have nearly the same latent: prediction is easy, and the latents say nothing.'
      : spread < FALLING_SPREAD
        ? `The latents are collapsing: ${percent(spread)} of their spread is left, and only ${percent(worst.share)} of the images of ${first} and ${second} are told apart.`
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

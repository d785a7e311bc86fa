// The stories of the playground: settings that show one thing each, and what to watch for.
import { defaultSetting, type Setting, writeSettings } from './setting.ts';

export interface Story {
  readonly id: string;
  readonly title: string;
  /** One training, or two beside each other. */
  readonly settings: readonly Setting[];
  /** What to watch for. */
  readonly words: string;
  /** The labelling to colour by, where it is not the class. */
  readonly colourBy?: string;
}

const setting = (changes: Partial<Setting>): Setting => ({ ...defaultSetting, ...changes });

export const stories: readonly Story[] = [
  {
    id: 'rescue',
    title: 'Rescue',
    settings: [setting({ auxiliary: 'none' }), setting({})],
    words:
      'The same network, images and seed, twice. The first only has to predict its own next latent: all latents fall onto one point. The second must also tell the reward from the latent: a cluster grows for every count.',
  },
  {
    id: 'collapse',
    title: 'Collapse',
    settings: [setting({ auxiliary: 'none' })],
    words:
      'Prediction alone. Watch the loss and the spread fall together: a constant latent is easiest to predict, so the better the loss, the less the latents say.',
  },
  {
    id: 'only-the-reward',
    title: 'Only the reward',
    settings: [setting({}), setting({ dynamics: 0 })],
    words:
      'The reward is 1 at a count of two and 0 at all others; the second training has nothing else to go by, and tells the counts apart nearly as well. Watch the spread: with prediction the latents draw together, without it they spread wider than before training.',
  },
  {
    id: 'random-projection',
    title: 'Random projection',
    settings: [setting({}), setting({ auxiliary: 'projection' })],
    words:
      'The second training has to tell a random mixture of the pixels from its latent instead of the reward. That prevents collapse, too, but the latents are organised by where the pixels are, and the counts drown in it.',
  },
  {
    id: 'dense-reward',
    title: 'Dense reward',
    settings: [setting({}), setting({ auxiliary: 'dense' })],
    words:
      'The second training must tell from the latent how near the count is to two, and not only whether it is two. That prevents collapse as well. One and three are equally near: what tells them apart is where an action leads.',
  },
  {
    id: 'far-reward',
    title: 'Far reward',
    settings: [setting({ target: 0 }), setting({ target: 0, horizon: 3 })],
    words:
      'Now the reward is given at a count of zero: three and four objects differ only by what happens three steps later. The first training predicts one step at a time and has to pass that on; the second predicts three steps at once, and tells them apart.',
  },
  {
    id: 'exogenous',
    title: 'Exogenous',
    settings: [setting({ world: 'line' }), setting({ world: 'line', auxiliary: 'projection' })],
    colourBy: 'lamp',
    words:
      'A lamp moves by itself; no action changes it and no reward depends on it. Points are coloured by the lamp. With the reward, in the first, the latents may forget it; with a random projection, in the second, they must keep it.',
  },
];

/** Where a story is, relative to the page. */
export function storyAddress(id: string): string {
  const story = stories.find((each) => each.id === id) ?? stories[0];
  return `?${writeSettings(story.settings)}`;
}

export const sameSettings = (a: readonly Setting[], b: readonly Setting[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

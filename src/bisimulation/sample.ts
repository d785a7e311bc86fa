// A finite set of transitions between observations of an environment, for auxiliaries that are functions of the pixels:
// then what must be told apart are images, of which there are too many to list.
import type { Auxiliary } from '../auxiliary/index.ts';
import { auxiliarySizeOf } from '../auxiliary/index.ts';
import { auxiliaryOfObservations } from '../auxiliary/value-of-observation.ts';
import type { Environment } from '../environments/environment.ts';
import { randomFor } from '../random.ts';
import { elementCount } from '../shape.ts';
import type { RecordedTransitions } from './recording.ts';

export interface SampledTransitions extends RecordedTransitions {
  /** [observations]: the state that each image shows. */
  readonly states: Int32Array;
}

/** Steps of one sampled episode, as in the counting environment of Yu et al. */
const EPISODE_STEPS = 4;

/** Episodes of random actions from random states until there are about `count` images; equal images have one number. */
export async function sampleTransitions(
  environment: Environment,
  auxiliaries: readonly Auxiliary[],
  options: { readonly count: number; readonly seed: number },
): Promise<SampledTransitions> {
  const pixelCount = elementCount(environment.observationShape);
  const images: Uint8Array[] = [];
  const states: number[] = [];
  const known = new Map<string, number>();
  const rows: { from: number; action: number; to: number }[] = [];
  const random = randomFor(options.seed, 'bisimulation', 'transitions');
  const actionCount = environment.actionNames.length;
  const observe = (state: number, appearance: ReturnType<Environment['drawAppearance']>): number => {
    const pixels = new Uint8Array(pixelCount);
    environment.render(state, appearance, random, pixels);
    const key = new TextDecoder('latin1').decode(pixels);
    const number = known.get(key) ?? images.length;
    if (number === images.length) {
      known.set(key, number);
      images.push(pixels);
      states.push(state);
    }
    return number;
  };
  const episodeCount = Math.max(1, Math.floor(options.count / (EPISODE_STEPS + 1)));
  for (let episode = 0; episode < episodeCount; episode++) {
    const appearance = environment.drawAppearance(random);
    let state = random.integer(environment.stateCount);
    let from = observe(state, appearance);
    for (let step = 0; step < EPISODE_STEPS; step++) {
      const action = random.integer(actionCount);
      state = environment.drawNext?.(state, action, random) ?? environment.next(state, action);
      const to = observe(state, appearance);
      rows.push({ from, action, to });
      from = to;
    }
  }
  const observations = new Uint8Array(images.length * pixelCount);
  images.forEach((pixels, index) => {
    observations.set(pixels, index * pixelCount);
  });
  const labelled = {
    observations,
    observationShape: environment.observationShape,
    states: Int32Array.from(states),
  };
  return {
    observationCount: images.length,
    actionCount,
    from: Int32Array.from(rows, ({ from }) => from),
    action: Int32Array.from(rows, ({ action }) => action),
    to: Int32Array.from(rows, ({ to }) => to),
    auxiliarySize: auxiliarySizeOf(auxiliaries),
    auxiliary: await auxiliaryOfObservations(auxiliaries, labelled),
    states: labelled.states,
  };
}

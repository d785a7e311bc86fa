// Looks for witnesses in an environment: observations that must be told apart and have the nearest latents, each with the
// trace of its shortest distinguishing word.
import { type Auxiliary, auxiliarySizeOf } from '../../auxiliary/index.ts';
import { auxiliaryOfObservations, type ObservationsWithStates } from '../../auxiliary/value-of-observation.ts';
import { distinguishingWord, largestBisimulation, systemOfEnvironment } from '../../bisimulation/index.ts';
import type { Appearance, Environment } from '../../environments/environment.ts';
import { UsageError } from '../../error.ts';
import { type Random, randomFor } from '../../random.ts';
import { elementCount } from '../../shape.ts';
import { type NearPair, nearestPairs, traceNearest, type WitnessReport } from './nearest.ts';
import type { WordPath } from './path.ts';
import type { LatentWorld } from './witness.ts';

export interface WitnessSearchOptions {
  /** Pairs to return, nearest first, at most one for each pair of classes. */
  readonly count: number;
  /** Observations among which the nearest pairs are looked for, spread evenly over the states. */
  readonly candidates: number;
  readonly seed: number;
  /** p of observations, [N, sum of all M]; default: by plain tfjs, for which networks of the pixels must still be there. */
  readonly auxiliaryOf?: (observations: ObservationsWithStates) => Promise<Float32Array>;
}

/**
 * The nearest pairs of observations that the run's own auxiliaries promise to keep apart. With auxiliaries of the state
 * alone, classes are those of the largest bisimulation; with one of the pixels, every state is a class and all words are
 * empty, since p differs at once.
 * `world.auxiliary` gives the head's own outputs, logits where it is trained by cross-entropy.
 * @throws UsageError where there is no auxiliary: then nothing is promised (a constant encoder has zero loss).
 */
export async function findWitnesses(
  world: LatentWorld,
  environment: Environment,
  auxiliaries: readonly Auxiliary[],
  options: WitnessSearchOptions,
): Promise<WitnessReport> {
  if (auxiliarySizeOf(auxiliaries) === 0)
    throw new UsageError('witnesses: expected an auxiliary function, got none', {
      remedy: 'Dynamics alone promise nothing: a constant encoder has zero loss.',
    });
  const promise = promiseOf(environment, auxiliaries);
  const candidates = drawCandidates(environment, options);
  const latents = await world.encode(candidates.observations);
  const classOf = (candidate: number) => promise.classOf(candidates.states[candidate]);
  const near = nearestPairs(latents, classOf, (first, second) =>
    classOf(first) === classOf(second)
      ? undefined
      : promise.wordOf(candidates.states[first], candidates.states[second]),
  );
  const auxiliaryOf = options.auxiliaryOf ?? ((observations) => auxiliaryOfObservations(auxiliaries, observations));
  const pathOf = ({ first, second, word }: NearPair<readonly number[]>) =>
    drawPath(environment, [candidates.draw(first), candidates.draw(second)], word, auxiliaryOf);
  return traceNearest(near, { count: options.count, classCount: promise.classCount, pathOf }, world, auxiliaries);
}

interface Promised {
  readonly classCount: number;
  classOf(state: number): number;
  /** A shortest word that tells two states of different classes apart. */
  wordOf(first: number, second: number): readonly number[];
}

function promiseOf(environment: Environment, auxiliaries: readonly Auxiliary[]): Promised {
  if (auxiliaries.some(({ of }) => of === 'pixels'))
    return { classCount: environment.stateCount, classOf: (state) => state, wordOf: () => [] };
  const bisimulation = largestBisimulation(systemOfEnvironment(environment, auxiliaries));
  return {
    classCount: bisimulation.classCount,
    classOf: (state) => bisimulation.classOf[state],
    wordOf: (first, second) => distinguishingWord(bisimulation, first, second) ?? [],
  };
}

/** An observation that can be drawn again, and what follows it. */
interface Start {
  readonly state: number;
  readonly appearance: Appearance;
  /** Continues the draws of the observation itself. */
  readonly random: Random;
  readonly pixels: Uint8Array;
}

function drawCandidates(environment: Environment, { candidates, seed }: WitnessSearchOptions) {
  const pixelCount = elementCount(environment.observationShape);
  const states = Int32Array.from({ length: candidates }, (_, n) => n % environment.stateCount);
  const draw = (n: number): Start => {
    const random = randomFor(seed, 'witness', n);
    const appearance = environment.drawAppearance(random);
    const pixels = new Uint8Array(pixelCount);
    environment.render(states[n], appearance, random, pixels);
    return { state: states[n], appearance, random, pixels };
  };
  const observations = new Uint8Array(candidates * pixelCount);
  for (let n = 0; n < candidates; n++) observations.set(draw(n).pixels, n * pixelCount);
  return { states, observations, draw };
}

async function drawPath(
  environment: Environment,
  starts: readonly [Start, Start],
  word: readonly number[],
  auxiliaryOf: (observations: ObservationsWithStates) => Promise<Float32Array>,
): Promise<WordPath> {
  const pixelCount = starts[0].pixels.length;
  const length = word.length + 1;
  const observations = new Uint8Array(2 * length * pixelCount);
  const states = new Int32Array(2 * length);
  const actions = new Float32Array(word.length * environment.actionSize);
  word.forEach((action, j) => {
    environment.encodeAction(action, starts[0].random, actions, j * environment.actionSize);
  });
  starts.forEach((start, side) => {
    let { state } = start;
    for (let j = 0; j < length; j++) {
      const row = side * length + j;
      const pixels = observations.subarray(row * pixelCount, (row + 1) * pixelCount);
      if (j === 0) pixels.set(start.pixels);
      else {
        state = environment.next(state, word[j - 1]);
        environment.render(state, start.appearance, start.random, pixels);
      }
      states[row] = state;
    }
  });
  const names = Array.from(states, (state) => environment.stateName(state));
  return {
    word: word.map((action) => environment.actionNames[action]),
    actions,
    observations,
    states: [names.slice(0, length), names.slice(length)],
    auxiliary: await auxiliaryOf({
      observations,
      observationShape: environment.observationShape,
      states,
    }),
  };
}

// What dynamics and auxiliary of an environment will keep, foreseen exactly where the auxiliary is a function of the state, and
// from sampled images where it is one of the pixels.
import { type Auxiliary, environmentContext } from '../../src/auxiliary/index.ts';
import { createReward } from '../../src/auxiliary/reward.ts';
import {
  type ForeseenFactor,
  type ForeseenPairs,
  type ForeseenTask,
  foresee,
  systemFromTransitions,
  systemOfEnvironment,
} from '../../src/bisimulation/index.ts';
import { sampleTransitions } from '../../src/bisimulation/sample.ts';
import type { Environment } from '../../src/environments/index.ts';
import { randomFor } from '../../src/random.ts';
import { elementCount } from '../../src/shape.ts';

export interface EnvironmentForesightOptions {
  readonly auxiliaries: readonly Auxiliary[];
  /** reward: what control needs. Default reward. */
  readonly task?: 'reward' | 'none';
  readonly seed?: number;
  readonly tolerance?: number | undefined;
  /** Images that are sampled where an auxiliary is of the pixels. Default 256. */
  readonly images?: number;
}

export interface EnvironmentForesight extends ForeseenPairs {
  /** What is foreseen of: states, or sampled images. */
  readonly unit: 'states' | 'sampled images';
  /** [states of the system]: the environment's state of each. */
  readonly stateOf: Int32Array;
  /** What images show beside the state: no auxiliary of the state asks for it. */
  readonly nuisances: readonly { readonly name: string; readonly fate: 'may vanish' | 'kept' }[];
  /** What of the theorem's hypotheses cannot hold here, in a sentence each. */
  readonly broken: readonly string[];
}

export async function foreseeEnvironment(
  environment: Environment,
  { auxiliaries, task = 'reward', seed = 0, tolerance, images = 256 }: EnvironmentForesightOptions,
): Promise<EnvironmentForesight> {
  const factors: readonly ForeseenFactor[] = environment.factors ?? [{ name: 'state', of: (state) => state }];
  const rewards = createReward(
    { kind: 'reward', coefficient: 1, loss: undefined },
    environmentContext(environment, seed),
  );
  const rewardOf = (state: number) => (rewards.of === 'state' ? rewards.table[state] : Number.NaN);
  const taskOf = (states: Int32Array): ForeseenTask | undefined =>
    task === 'none' ? undefined : { name: 'reward', values: Float64Array.from(states, rewardOf) };
  const slips = environment.drawNext
    ? [
        'One action leads to several states here, which no predictor can foresee: its loss stays above zero where they must differ, and the theorem says nothing there. What is foreseen is of the world that does what it does most often.',
      ]
    : [];
  const isOfPixels = auxiliaries.some(({ of }) => of === 'pixels');
  const nuisances = (environment.nuisances ?? []).map(({ name }) => ({
    name,
    fate: isOfPixels ? ('kept' as const) : ('may vanish' as const),
  }));
  if (!isOfPixels) {
    const stateOf = Int32Array.from({ length: environment.stateCount }, (_, state) => state);
    const system = systemOfEnvironment(environment, auxiliaries);
    const pairs = foresee({ system, task: taskOf(stateOf), factors, tolerance, seed });
    return { ...pairs, unit: 'states', stateOf, nuisances, broken: slips };
  }
  const sample = await sampleTransitions(environment, auxiliaries, { count: images, seed });
  const recorded = systemFromTransitions(sample, { tolerance, omitContradictions: true });
  const stateOf = new Int32Array(recorded.system.stateCount);
  for (let image = sample.observationCount - 1; image >= 0; image--)
    stateOf[recorded.stateOf[image]] = sample.states[image];
  const ofImages = factors.map(({ name, of }) => ({ name, of: (image: number) => of(stateOf[image]) }));
  const pairs = foresee({ system: recorded.system, task: taskOf(stateOf), factors: ofImages, tolerance, seed });
  const broken = drawsAnew(environment, seed)
    ? [
        ...slips,
        'Images of one state and one episode differ, and so does the auxiliary, which is of the pixels: no predictor can foresee what is drawn anew, so the two losses cannot both be zero, and which of them gives way is not foreseen.',
      ]
    : slips;
  return { ...pairs, unit: 'sampled images', stateOf, nuisances, broken };
}

/** Whether two images of one state with one appearance differ. */
function drawsAnew(environment: Environment, seed: number): boolean {
  const size = elementCount(environment.observationShape);
  const random = randomFor(seed, 'foresee', 'images');
  for (let state = 0; state < environment.stateCount; state++) {
    const appearance = environment.drawAppearance(random);
    const [first, second] = [new Uint8Array(size), new Uint8Array(size)];
    environment.render(state, appearance, random, first);
    environment.render(state, appearance, random, second);
    if (first.some((value, index) => value !== second[index])) return true;
  }
  return false;
}

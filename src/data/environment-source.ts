// Transitions and labelled observations drawn from an environment. Every batch is a function of (seed, stream, step), so
// that a resumed run sees what it would have seen, and held-out streams never meet the training stream.
import { type Appearance, type Environment, startingStates } from '../environments/environment.ts';
import { option, UsageError } from '../error.ts';
import { permutation, type Random, randomFor } from '../random.ts';
import { elementCount } from '../shape.ts';
import type { LabelledObservations, TransitionBatch, TransitionSource } from './transition.ts';

/** Auxiliary numbers that are known of a share of the observations only: the others have NaN in their place. */
export interface PartlyLabelled {
  /** The first of the `size` numbers. */
  readonly start: number;
  readonly size: number;
  /** Of the observations, each by itself: above 0, at most 1. */
  readonly share: number;
}

/** Batch size, seed and auxiliaries of the transitions that are drawn from an environment. */
export interface EnvironmentSourceOptions {
  readonly seed: number;
  /** What the draws are for: 'train', 'held-out'. */
  readonly stream: string;
  /** p of every state, [stateCount, size]. */
  readonly auxiliary: {
    readonly size: number;
    readonly table: Float32Array;
    readonly partlyLabelled?: readonly PartlyLabelled[];
  };
  /** Probability that the next action of a sequence repeats the one before; otherwise drawn evenly. Matters from horizon 2 on. */
  readonly actionPersistence?: number;
  /** J: a sequence has at most J + 1 observations, whatever its horizon. All else stays as it is. Default: one after every action. */
  readonly observedHorizon?: number;
}

/** Transitions drawn from an environment: each batch is a function of (seed, stream, step) alone. */
export function environmentSource(environment: Environment, options: EnvironmentSourceOptions): TransitionSource {
  const { seed, stream, actionPersistence = 0, observedHorizon = Number.POSITIVE_INFINITY } = options;
  const { size: auxiliarySize, table: auxiliaryTable } = options.auxiliary;
  const pixelCount = elementCount(environment.observationShape);
  const { actionSize } = environment;
  const starts = startingStates(environment);
  const startIndex = evenStates(starts.length, seed, stream);
  const startState = (index: number) => starts[startIndex(index)];

  const unseen = new Uint8Array(pixelCount);
  /** Moves `random` on as rendering would. */
  function skip(state: number, appearance: Appearance, random: Random): void {
    if (environment.skipImage) environment.skipImage(state, random);
    else environment.render(state, appearance, random, unseen);
  }

  function nextAction(action: number, random: Random): number {
    return random.uniform() >= actionPersistence ? random.integer(environment.actionNames.length) : action;
  }

  /** Actions that reach the end of an episode with the last of them, or not at all: drawn until they do. */
  function drawPath(start: number, horizon: number, random: Random): number[] {
    for (let tries = 0; tries < PATH_TRIES; tries++) {
      const path: number[] = [];
      let state = start;
      for (let k = 0; k < horizon && !(environment.isTerminal?.(state) ?? false); k++) {
        path.push(k === 0 ? random.integer(environment.actionNames.length) : nextAction(path[k - 1], random));
        state = environment.next(state, path[k]);
      }
      if (path.length === horizon) return path;
    }
    throw new UsageError(
      `environment ${environment.name}: expected sequences of ${horizon} actions within an episode, got none from ${environment.stateName(start)} in ${PATH_TRIES} tries`,
      { remedy: `Train with a shorter ${option('assignments', 'objective.horizon=1')}.` },
    );
  }

  function batch(step: number, size: number, horizon: number): TransitionBatch {
    const observed = Math.min(horizon, observedHorizon);
    const observations = new Uint8Array((observed + 1) * size * pixelCount);
    const actions = new Float32Array(horizon * size * actionSize);
    const auxiliary = new Float32Array((horizon + 1) * size * auxiliarySize);
    const states = new Int32Array((horizon + 1) * size);
    const random = randomFor(seed, stream, step);
    for (let b = 0; b < size; b++) {
      const appearance = environment.drawAppearance(random);
      let state = startState(step * size + b);
      const path = environment.isTerminal ? drawPath(state, horizon, random) : undefined;
      let action = path ? path[0] : random.integer(environment.actionNames.length);
      for (let k = 0; k <= horizon; k++) {
        const row = k * size + b;
        states[row] = state;
        auxiliary.set(auxiliaryTable.subarray(state * auxiliarySize, (state + 1) * auxiliarySize), row * auxiliarySize);
        if (k > observed) skip(state, appearance, random);
        else
          environment.render(
            state,
            appearance,
            random,
            observations.subarray(row * pixelCount, (row + 1) * pixelCount),
          );
        if (k === horizon) break;
        if (path) action = path[k];
        else if (k > 0) action = nextAction(action, random);
        environment.encodeAction(action, random, actions, row * actionSize);
        state = environment.drawNext?.(state, action, random) ?? environment.next(state, action);
      }
    }
    hideLabels(auxiliary, step);
    return { size, horizon, observations, actions, auxiliary, states };
  }

  /** Of a stream of its own: which observations have a label changes nothing else. */
  function hideLabels(auxiliary: Float32Array, step: number): void {
    options.auxiliary.partlyLabelled?.forEach(({ start, size, share }, index) => {
      const random = randomFor(seed, stream, 'labels', index, step);
      for (let row = 0; row < auxiliary.length; row += auxiliarySize)
        if (random.uniform() >= share) auxiliary.fill(Number.NaN, row + start, row + start + size);
    });
  }

  return {
    observationShape: environment.observationShape,
    observationType: 'uint8',
    actionSize,
    auxiliarySize,
    batch,
  };
}

/** `count` observations with their states, all states covered evenly. */
export function labelledObservations(
  environment: Environment,
  count: number,
  seed: number,
  stream: string,
): LabelledObservations {
  const pixelCount = elementCount(environment.observationShape);
  const observations = new Uint8Array(count * pixelCount);
  const states = new Int32Array(count);
  const stateOf = evenStates(environment.stateCount, seed, stream);
  const random: Random = randomFor(seed, stream, 'observations');
  for (let n = 0; n < count; n++) {
    states[n] = stateOf(n);
    const pixels = observations.subarray(n * pixelCount, (n + 1) * pixelCount);
    environment.render(states[n], environment.drawAppearance(random), random, pixels);
  }
  return { observations, states };
}

/** Sequences that end too early are drawn again, so often at most. */
const PATH_TRIES = 1000;

/** An endless sequence of states, every stateCount consecutive ones a permutation of all. */
function evenStates(stateCount: number, seed: number, stream: string): (index: number) => number {
  let epoch = -1;
  let order: Int32Array = new Int32Array(0);
  return (index) => {
    const wanted = Math.floor(index / stateCount);
    if (wanted !== epoch) {
      epoch = wanted;
      order = permutation(stateCount, randomFor(seed, stream, 'states', epoch));
    }
    return order[index % stateCount];
  };
}

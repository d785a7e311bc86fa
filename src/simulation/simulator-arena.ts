// A simulator as an arena to act in, and as a world whose true dynamics can be planned in. It is encoded as training saw
// it: frames stacked, numbers as the simulator gives them. Letters: N latents, n frames, A numbers of an action.
import { copyStack } from '../data/block/batch.ts';
import { type ActionSpace, continuousActions, oneHotActions } from '../planning/action-space.ts';
import type { Arena, Outcome } from '../planning/arena.ts';
import type { PlanningWorld } from '../planning/planner.ts';
import { hashSeed } from '../random.ts';
import { elementCount } from '../shape.ts';
import type { SimulatorPool, Situation, Transition } from './pool.ts';
import type { Action } from './simulator.ts';
import { LARGEST_SEED, observationSizeOf, settleChoices } from './space.ts';

/** The true dynamics. Latents [N, 1] are numbers of situations that a plan may lead to, known until the next decision. */
export interface SimulatorWorld extends PlanningWorld {
  /** [N]: what led to each; undefined for the situation where the decision is made. */
  transitionsOf(latents: Float32Array): readonly (Transition | undefined)[];
  /** Steps that were taken in the simulator so far. */
  stepsTaken(): number;
  /** [N, ...observation] as the encoder takes them. */
  observationsOf(latents: Float32Array): Uint8Array | Float32Array;
}

export interface SimulatorArena extends Arena {
  /** Absent where situations cannot be kept. */
  readonly world?: SimulatorWorld;
}

export interface SimulatorArenaOptions {
  readonly seed: number;
  /** Frames of an observation, the newest last. */
  readonly stack: number;
}

/** A situation and those before it, as many as are stacked, the newest last. */
type Frames = readonly Situation['observation'][];

interface Node {
  readonly handle: number;
  readonly frames: Frames;
  readonly state: number | undefined;
  readonly transition: Transition | undefined;
  /** By a discrete action: what it led to, so that no step is taken twice. */
  readonly children: Map<Action, Node>;
}

/** Acts in lane 0. The pool stays the caller's. */
export function simulatorArena(pool: SimulatorPool, { seed, stack }: SimulatorArenaOptions): SimulatorArena {
  const { branching } = pool;
  const actions = simulatorActions(pool);
  const push = (frames: Frames, { observation }: Situation): Frames => [...frames, observation].slice(-stack);
  const nodes: Node[] = [];
  const nodesAt = (latents: Float32Array) => Array.from(latents, (latent) => nodes[latent]);
  let stepsTaken = 0;
  const world: SimulatorWorld | undefined = branching && {
    actions,
    // As far as the simulator says which situations are one.
    placesOf: (latents) => Float32Array.from(latents, (latent) => nodes[latent].state ?? -1 - latent),
    async predict(latents, encoded) {
      const parents = nodesAt(latents);
      const taken = parents.map((_, n) =>
        decodeAction(pool, encoded.subarray(n * actions.size, (n + 1) * actions.size)),
      );
      // What has ended stays where it is, and is paid nothing more.
      const children = parents.map((parent, n) =>
        parent.transition?.isTerminal ? stayed(parent) : parent.children.get(taken[n]),
      );
      const open = [...parents.keys()].filter((n) => children[n] === undefined);
      const handles = open.map((n) => parents[n].handle);
      const branches =
        open.length === 0
          ? []
          : await branching.branch(
              0,
              handles,
              open.map((n) => taken[n]),
            );
      stepsTaken += open.length;
      for (const [i, n] of open.entries()) {
        const { handle, state } = branches[i];
        const frames = push(parents[n].frames, branches[i]);
        const child = { handle, frames, state, transition: branches[i], children: new Map() };
        if (actions.kind === 'discrete') parents[n].children.set(taken[n], child);
        children[n] = child;
      }
      return Float32Array.from(children, (child) => (child === undefined ? Number.NaN : nodes.push(child) - 1));
    },
    stepsTaken: () => stepsTaken,
    transitionsOf: (latents) => nodesAt(latents).map(({ transition }) => transition),
    observationsOf: (latents) => packRows(nodesAt(latents).map(({ frames }) => stackFrames(pool, frames, stack))),
  };
  return {
    actions,
    ...(world && { world }),
    async startEpisode(episode) {
      const [first] = await pool.reset([0], [hashSeed(seed, 'planning episode', episode) & LARGEST_SEED]);
      let frames = push([], first);
      let { state } = first;
      return {
        start: first.state,
        observe: () => stackFrames(pool, frames, stack),
        async locate() {
          if (branching === undefined) throw new Error('a simulator without save and restore has no true world');
          await branching.release();
          nodes.length = 0;
          const handle = await branching.save(0);
          nodes.push({ handle, frames, state, transition: undefined, children: new Map() });
          return Float32Array.of(0);
        },
        async take(action): Promise<Outcome> {
          const [transition] = await pool.step([0], [decodeAction(pool, action)]);
          frames = push(frames, transition);
          state = transition.state;
          return transition;
        },
      };
    },
  };
}

/** The actions of a simulator, as a predictor takes them. */
export function simulatorActions({ action }: SimulatorPool): ActionSpace {
  return action.kind === 'discrete' ? oneHotActions(action.names.length) : continuousActions(action.low, action.high);
}

/** What A encoded numbers mean to the simulator. */
export function decodeAction({ action }: SimulatorPool, encoded: Float32Array): Action {
  return action.kind === 'discrete'
    ? encoded.indexOf(Math.max(...encoded))
    : settleChoices([...encoded], action.choices);
}

function stayed(node: Node): Node {
  return { ...node, transition: node.transition && { ...node.transition, reward: 0 } };
}

/** As batches of a recording hold it; the first frame of an episode stands for those before it. */
export function stackFrames(
  { observation }: Pick<SimulatorPool, 'observation'>,
  frames: Frames,
  stack: number,
): Situation['observation'] {
  const newest = frames[frames.length - 1];
  if (stack === 1) return newest;
  const size = observationSizeOf(observation);
  const imageSize = observation.kind === 'vector' ? 0 : elementCount(observation.shape);
  const places = observation.kind === 'vector' ? 1 : observation.shape[0] * observation.shape[1];
  const stacked = newest instanceof Uint8Array ? new Uint8Array(size * stack) : new Float32Array(size * stack);
  // The frames of the image, then those of the vector.
  for (const [from, to, pixels] of [
    [0, imageSize, places],
    [imageSize, size, 1],
  ]) {
    if (from === to) continue;
    const rows = packRows(frames.map((frame) => frame.subarray(from, to)));
    const shape = { stack, pixels, size: (to - from) * stack };
    copyStack(rows, frames.length - 1, frames.length - 1, shape, stacked, from * stack);
  }
  return stacked;
}

function packRows(rows: readonly Situation['observation'][]): Situation['observation'] {
  const [first] = rows;
  const size = rows.length * first.length;
  const packed = first instanceof Uint8Array ? new Uint8Array(size) : new Float32Array(size);
  for (const [i, row] of rows.entries()) packed.set(row, i * first.length);
  return packed;
}

// A simulator as an arena to act in, and as a world whose true dynamics can be planned in. It is encoded as training saw
// it: frames stacked, numbers as the simulator gives them. Letters: N latents, n frames, A numbers of an action.
import { copyStack } from '../data/batch.ts';
import { type ActionSpace, continuousActions, oneHotActions } from '../planning/action-space.ts';
import type { Arena, Outcome } from '../planning/arena.ts';
import type { PlanningWorld } from '../planning/planner.ts';
import { hashSeed } from '../random.ts';
import type { SimulatorPool, Situation, Transition } from './pool.ts';
import type { Action } from './simulator.ts';
import { LARGEST_SEED, observationSizeOf } from './space.ts';

/** The true dynamics. Latents [N, 1] are numbers of situations that a plan may lead to, known until the next decision. */
export interface SimulatorWorld extends PlanningWorld {
  /** [N]: what led to each; undefined for the situation where the decision is made. */
  transitionsOf(latents: Float32Array): readonly (Transition | undefined)[];
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
  readonly transition: Transition | undefined;
}

/** Acts in lane 0. The pool stays the caller's. */
export function simulatorArena(pool: SimulatorPool, { seed, stack }: SimulatorArenaOptions): SimulatorArena {
  const { branching } = pool;
  const actions = actionSpaceOf(pool);
  const push = (frames: Frames, { observation }: Situation): Frames => [...frames, observation].slice(-stack);
  const nodes: Node[] = [];
  const nodesAt = (latents: Float32Array) => Array.from(latents, (latent) => nodes[latent]);
  const world: SimulatorWorld | undefined = branching && {
    actions,
    isExact: true,
    async predict(latents, encoded) {
      const parents = nodesAt(latents);
      const live = [...parents.keys()].filter((n) => !parents[n].transition?.isTerminal);
      const taken = live.map((n) => decodeAction(actions, encoded.subarray(n * actions.size, (n + 1) * actions.size)));
      const handles = live.map((n) => parents[n].handle);
      const branches = live.length > 0 ? await branching.branch(0, handles, taken) : [];
      // What has ended stays where it is, and is paid nothing more.
      const children = parents.map(stayed);
      for (const [i, n] of live.entries())
        children[n] = {
          handle: branches[i].handle,
          frames: push(parents[n].frames, branches[i]),
          transition: branches[i],
        };
      return Float32Array.from(children, (child) => nodes.push(child) - 1);
    },
    transitionsOf: (latents) => nodesAt(latents).map(({ transition }) => transition),
    observationsOf: (latents) => packRows(nodesAt(latents).map(({ frames }) => stackFrames(pool, frames, stack))),
  };
  return {
    actions,
    ...(world && { world }),
    async startEpisode(episode) {
      const [first] = await pool.reset([0], [hashSeed(seed, 'planning episode', episode) & LARGEST_SEED]);
      let frames = push([], first);
      return {
        start: first.state,
        observe: () => stackFrames(pool, frames, stack),
        async locate() {
          if (branching === undefined) throw new Error('a simulator without save and restore has no true world');
          await branching.release();
          nodes.length = 0;
          nodes.push({ handle: await branching.save(0), frames, transition: undefined });
          return Float32Array.of(0);
        },
        async take(action): Promise<Outcome> {
          const [transition] = await pool.step([0], [decodeAction(actions, action)]);
          frames = push(frames, transition);
          return transition;
        },
      };
    },
  };
}

function actionSpaceOf({ action }: SimulatorPool): ActionSpace {
  return action.kind === 'discrete' ? oneHotActions(action.names.length) : continuousActions(action.low, action.high);
}

/** What A encoded numbers mean to the simulator. */
function decodeAction({ kind }: ActionSpace, encoded: Float32Array): Action {
  return kind === 'discrete' ? encoded.indexOf(Math.max(...encoded)) : [...encoded];
}

function stayed(node: Node): Node {
  return { ...node, transition: node.transition && { ...node.transition, reward: 0 } };
}

/** As batches of a recording hold it; the first frame of an episode stands for those before it. */
function stackFrames({ observation }: SimulatorPool, frames: Frames, stack: number): Situation['observation'] {
  const newest = frames[frames.length - 1];
  if (stack === 1) return newest;
  const size = observationSizeOf(observation) * stack;
  const pixels = observation.kind === 'image' ? observation.shape[0] * observation.shape[1] : 1;
  const stacked = newest instanceof Uint8Array ? new Uint8Array(size) : new Float32Array(size);
  copyStack(packRows(frames), frames.length - 1, frames.length - 1, { stack, pixels, size }, stacked, 0);
  return stacked;
}

function packRows(rows: readonly Situation['observation'][]): Situation['observation'] {
  const [first] = rows;
  const size = rows.length * first.length;
  const packed = first instanceof Uint8Array ? new Uint8Array(size) : new Float32Array(size);
  for (const [i, row] of rows.entries()) packed.set(row, i * first.length);
  return packed;
}

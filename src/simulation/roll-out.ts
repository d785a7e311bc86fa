// Rolls episodes out in the lanes of a pool. An episode is a function of (seed, its number): however many lanes there are, the
// recording is the same, as far as the simulator is a function of its seed and its actions.
import { JepaError, option } from '../error.ts';
import { hashSeed, randomFor } from '../random.ts';
import { type EpisodePolicy, type Policy, randomPolicy } from './policy.ts';
import type { SimulatorPool, Situation, Transition } from './pool.ts';
import type { Action } from './simulator.ts';
import { LARGEST_SEED } from './space.ts';

export interface RollOutOptions {
  readonly episodes: number;
  /** An episode is cut off after so many actions. */
  readonly steps: number;
  readonly seed: number;
  readonly actionPersistence: number;
  /** Default: random, with `actionPersistence`. */
  readonly policy?: Policy | undefined;
  /** How likely an action of `policy` is drawn at random instead. In [0, 1]. */
  readonly randomShare?: number | undefined;
  /** Told, after each episode, how many have ended. */
  readonly onEpisode?: (finished: number) => void;
}

export interface Episode {
  /** Before the first action. */
  readonly first: Situation;
  /** [T] */
  readonly actions: readonly Action[];
  /** [T] */
  readonly transitions: readonly Transition[];
}

/** Episodes are in memory until they are written. */
export const MAXIMAL_BYTES = 4 * 1024 ** 3;
/** Steps that are played twice: enough to meet random draws at reset and on the way. */
const CHECKED_STEPS = 50;

interface Running {
  readonly number: number;
  readonly decide: EpisodePolicy;
  /** Where the episode is. */
  situation: Situation;
  readonly first: Situation;
  readonly actions: Action[];
  readonly transitions: Transition[];
}

/** The seed that episode `episode` is reset with. */
export function episodeSeed(seed: number, episode: number): number {
  return hashSeed(seed, 'episode', episode) & LARGEST_SEED;
}

/** [episodes], in order. @throws JepaError where they do not fit into memory */
export async function rollOut(pool: SimulatorPool, options: RollOutOptions): Promise<Episode[]> {
  const { episodes, steps, seed } = options;
  const finished: Episode[] = new Array(episodes);
  const running = new Map<number, Running>();
  let next = 0;
  let finishedCount = 0;
  let bytes = 0;
  const count = ({ observation }: Situation) => {
    bytes += observation.byteLength;
    if (bytes > MAXIMAL_BYTES)
      throw new JepaError(
        `${pool.name}: expected at most ${MAXIMAL_BYTES / 1024 ** 3} GiB of observations, got more in episode ${finishedCount} of ${episodes}`,
        { remedy: `Record fewer or shorter episodes, or smaller images with ${option('imageSize')}.` },
      );
  };
  const begin = async () => {
    const free = Array.from({ length: pool.laneCount }, (_, lane) => lane).filter((lane) => !running.has(lane));
    const lanes = free.slice(0, episodes - next);
    if (lanes.length === 0) return;
    const numbers = lanes.map((_, i) => next + i);
    next += lanes.length;
    const firsts = await pool.reset(
      lanes,
      numbers.map((number) => episodeSeed(seed, number)),
    );
    for (const [i, number] of numbers.entries()) {
      const decide = await decisionsOf(pool, number, options);
      const [first, situation] = [firsts[i], firsts[i]];
      running.set(lanes[i], { number, decide, situation, first, actions: [], transitions: [] });
      count(firsts[i]);
    }
  };
  for (await begin(); running.size > 0; await begin()) {
    const lanes = [...running.keys()];
    const current = [...running.values()];
    const actions: Action[] = [];
    for (const { decide, situation } of current) actions.push(await decide(situation));
    const transitions = await pool.step(lanes, actions);
    for (const [i, transition] of transitions.entries()) {
      const episode = current[i];
      count(transition);
      episode.actions.push(actions[i]);
      episode.transitions.push(transition);
      episode.situation = transition;
      if (!transition.isTerminal && !transition.isTruncated && episode.actions.length < steps) continue;
      const { first, actions: taken, transitions: all } = episode;
      finished[episode.number] = { first, actions: taken, transitions: all };
      running.delete(lanes[i]);
      options.onEpisode?.(++finishedCount);
    }
  }
  return finished;
}

/** Of one episode: of the policy, and of chance where it has a share. */
async function decisionsOf(
  pool: SimulatorPool,
  episode: number,
  { seed, actionPersistence, policy, randomShare = 0 }: RollOutOptions,
): Promise<EpisodePolicy> {
  const draw = randomPolicy(pool.action, randomFor(seed, 'random policy', episode), { actionPersistence });
  if (policy === undefined) return draw;
  const decide = await policy.startEpisode(episode, episodeSeed(seed, episode));
  const chance = randomFor(seed, 'random share', episode);
  return async (situation) => {
    // The policy is asked all the same: it may count the steps.
    const decided = await decide(situation);
    return chance.uniform() < randomShare ? draw() : decided;
  };
}

/**
 * Plays the beginning of episode 0 again, with the same seed and actions.
 * @returns what differed, for people; undefined where nothing did
 */
export async function findDifference(pool: SimulatorPool, episode: Episode, seed: number): Promise<string | undefined> {
  const [first] = await pool.reset([0], [episodeSeed(seed, 0)]);
  const atReset = differenceOf(first, episode.first);
  if (atReset !== undefined) return `${atReset} after reset`;
  for (const [step, action] of episode.actions.slice(0, CHECKED_STEPS).entries()) {
    const [again] = await pool.step([0], [action]);
    const difference = findTransitionDifference(again, episode.transitions[step]);
    if (difference !== undefined) return `${difference} of step ${step}`;
  }
  return undefined;
}

/** The first part that differs, for people; undefined where none does. */
export function findTransitionDifference(a: Transition, b: Transition): string | undefined {
  const parts = ['reward', 'isTerminal', 'isTruncated'] as const;
  return differenceOf(a, b) ?? parts.find((part) => a[part] !== b[part]);
}

function differenceOf(a: Situation, b: Situation): string | undefined {
  if (Buffer.compare(bytesOf(a), bytesOf(b)) !== 0) return 'observation';
  return a.state === b.state ? undefined : 'stateId';
}

function bytesOf({ observation }: Situation): Uint8Array {
  return new Uint8Array(observation.buffer, observation.byteOffset, observation.byteLength);
}

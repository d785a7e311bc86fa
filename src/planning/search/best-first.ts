// Best-first search (Pearl 1984) over predicted latents: what scores best is gone on from, and a latent close to one that is
// known already is not gone on from again. In a world of few states this sees further than any other planner here.
// Letters: K choices, D latent, H the deepest word.
import * as z from 'zod';
import { UsageError } from '../../error.ts';
import { parseOptions } from '../../options.ts';
import { choicesOf, type DiscreteActions } from '../action-space.ts';
import { addScores, type Returns, startReturns } from '../objective.ts';
import { horizonOption, levelsOption, samplesOption } from '../option.ts';
import type { Plan, PlannerProvider, PlanningProblem } from '../planner.ts';
import { branch } from './exhaustive.ts';

/** Latents that are gone on from at once: one batch of the predictor. */
const ROUND = 16;
/** Scores closer than this count as equal, and the shorter word goes first: without it noise would choose. */
const SCORE_RESOLUTION = 0.01;

const bestFirstOptions = z.strictObject({
  horizon: horizonOption(24),
  samples: samplesOption(256, 'latents that are gone on from'),
  tolerance: z
    .number()
    .min(0)
    .default(0.25)
    .describe('latents closer than this are one, in units of the longest move from where the agent is'),
  levels: levelsOption,
});
type BestFirstOptions = z.output<typeof bestFirstOptions>;

export const bestFirstProvider: PlannerProvider = {
  name: 'best-first',
  description: 'best-first search that merges latents that are close; needs no gradient and no luck',
  create(given) {
    const options = parseOptions('planner best-first', bestFirstOptions, given);
    return { name: 'best-first', options, startEpisode: () => (problem) => planBestFirst(problem, options) };
  },
};

interface Node {
  readonly latent: Float32Array;
  /** What says whether two nodes are one: the latent itself, unless that is a name. */
  readonly place: Float32Array;
  readonly parent: Node | undefined;
  readonly choice: number;
  readonly depth: number;
  readonly score: number;
  /** The word's value so far, and its probability of no success so far. */
  readonly value: number;
  readonly survival: number;
  /** A shorter word leads to the same latent. */
  isReplaced: boolean;
}

async function planBestFirst(problem: PlanningProblem, options: BestFirstOptions): Promise<Plan> {
  const { world, objective, latent, random } = problem;
  if (objective.fold !== 'first-success' && objective.fold !== 'best')
    throw new UsageError(
      `planner best-first: expected scores taken together by first-success or best, got ${objective.fold}`,
      {
        remedy: 'To merge latents, a word must not gain by coming back: choose another planner or another fold.',
      },
    );
  const choices = choicesOf(world.actions, options.levels);
  const start = startReturns(1, objective.fold);
  const root: Node = {
    latent,
    place: world.placesOf?.(latent) ?? latent,
    parent: undefined,
    choice: 0,
    depth: 0,
    score: 0,
    value: start.values[0],
    survival: start.survival[0],
    isReplaced: false,
  };
  const known: Node[] = [root];
  let open: Node[] = [root];
  let best: Node | undefined;
  let ties = 0;
  let tolerance = 0;
  let expanded = 0;
  while (open.length > 0 && expanded < options.samples) {
    open.sort(byPriority);
    const round = open.splice(0, Math.min(ROUND, options.samples - expanded));
    const children = await expand(problem, round, choices);
    expanded += round.length;
    if (round[0] === root && world.placesOf === undefined)
      tolerance = options.tolerance * Math.max(...children.map((child) => distanceOf(child, root)));
    for (const child of children) {
      const comparison = best === undefined ? 1 : child.value - best.value || best.depth - child.depth;
      if (comparison > 0) ties = 0;
      if (comparison >= 0 && random.integer(++ties) === 0) best = child;
      if (!remember(child, known, tolerance)) continue;
      if (child.depth < options.horizon) open.push(child);
    }
    open = open.filter((node) => !node.isReplaced);
  }
  if (best === undefined) throw new UsageError('planner best-first: expected at least one action, got none');
  return { actions: wordTo(best, choices), value: best.value, predictions: expanded * choices.count };
}

/** Higher scores first; of equal ones the shorter word. */
function byPriority(a: Node, b: Node): number {
  return Math.floor(b.score / SCORE_RESOLUTION) - Math.floor(a.score / SCORE_RESOLUTION) || a.depth - b.depth;
}

async function expand(
  { world, objective, latent }: PlanningProblem,
  parents: readonly Node[],
  choices: DiscreteActions,
): Promise<Node[]> {
  const size = latent.length;
  const joined = new Float32Array(parents.length * size);
  parents.forEach((parent, n) => {
    joined.set(parent.latent, n * size);
  });
  const { latents, actions } = branch(joined, parents.length, choices);
  const next = await world.predict(latents, actions);
  const scores = await objective.score(next, latent);
  const places = world.placesOf?.(next) ?? next;
  const width = places.length / scores.length;
  return Array.from(scores, (score, n) => {
    const parent = parents[Math.floor(n / choices.count)];
    const returns: Returns = {
      values: Float64Array.of(parent.value),
      survival: Float64Array.of(parent.survival),
    };
    addScores(returns, Float32Array.of(score), parent.depth, objective);
    return {
      latent: next.slice(n * size, (n + 1) * size),
      place: places.slice(n * width, (n + 1) * width),
      parent,
      choice: n % choices.count,
      depth: parent.depth + 1,
      score,
      value: returns.values[0],
      survival: returns.survival[0],
      isReplaced: false,
    };
  });
}

/** Adds a node that is new, or reached by a shorter word than before; false where it is neither. */
function remember(node: Node, known: Node[], tolerance: number): boolean {
  const limit = tolerance ** 2;
  const replaced: Node[] = [];
  for (const each of known) {
    if (each.isReplaced || !isWithin(each.place, node.place, limit)) continue;
    if (each.depth <= node.depth) return false;
    replaced.push(each);
  }
  for (const each of replaced) each.isReplaced = true;
  known.push(node);
  return true;
}

/** Whether the squared distance is at most `limit`: most pairs are told apart by their first numbers. */
function isWithin(a: Float32Array, b: Float32Array, limit: number): boolean {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += (a[i] - b[i]) ** 2;
    if (sum > limit) return false;
  }
  return true;
}

function distanceOf({ place: a }: Node, { place: b }: Node): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

function wordTo(node: Node, { size, encoded }: DiscreteActions): Float32Array {
  const word = new Float32Array(node.depth * size);
  for (let each = node; each.parent !== undefined; each = each.parent)
    word.set(encoded.subarray(each.choice * size, (each.choice + 1) * size), (each.depth - 1) * size);
  return word;
}

// The smallest piece of a file that fails by itself: the node that introduces the largest error, or, where no single node does,
// the shortest run of nodes that does so together (what a runtime fuses goes wrong only then).
import { JepaError, UnavailableError } from '../../error.ts';
import type { RuntimeTensor } from '../../runtimes/runtime.ts';
import { asNumbers, asValue, type Bisected, type Difference, differenceOf, exceeds, fedValue } from './bisect.ts';
import type { MatchedValue } from './match.ts';
import { closureOf, constantNodes, producersOf, type Side } from './walk.ts';

export interface ReducedTensor extends RuntimeTensor {
  readonly name: string;
}

/** A model that fails, with what it is fed with and what the reference gives for it. */
export interface Reduced {
  readonly model: Uint8Array;
  readonly nodes: readonly { readonly name: string; readonly operator: string }[];
  readonly inputs: readonly ReducedTensor[];
  readonly expected: readonly ReducedTensor[];
  /** What it gave, in the same order. */
  readonly got: readonly ReducedTensor[];
  readonly difference: Difference;
}

/** @returns undefined where no piece of the file fails by itself */
export async function reduce(side: Side, bisected: Bisected, tolerance: number): Promise<Reduced | undefined> {
  const { alone } = bisected;
  const failing = alone
    .filter((each) => exceeds(each, tolerance))
    .sort((a, b) => order(b) - order(a) || a.unit.nodes.length - b.unit.nodes.length);
  for (const { unit } of failing) {
    const reduced = await attempt(side, bisected, unit.nodes, unit.outputs);
    if (reduced !== undefined && exceeds(reduced.difference, tolerance)) return reduced;
  }
  return shortestRun(side, bisected, tolerance);
}

function order({ part }: Difference): number {
  return part ?? Number.MAX_VALUE;
}

/** By halving: first where it must end to fail, then where it may begin. */
async function shortestRun(side: Side, bisected: Bisected, tolerance: number): Promise<Reduced | undefined> {
  const { graph } = side;
  const constant = constantNodes(graph);
  const places = [...graph.nodes.keys()].filter((place) => !constant.has(place));
  const fails = async (from: number, to: number): Promise<Reduced | undefined> => {
    const reduced = await attempt(side, bisected, places.slice(from, to), undefined);
    return reduced !== undefined && exceeds(reduced.difference, tolerance) ? reduced : undefined;
  };
  let best = await fails(0, places.length);
  if (best === undefined) return undefined;
  let [low, end] = [0, places.length];
  while (end - low > 1) {
    const middle = (low + end) >> 1;
    const found = await fails(0, middle);
    if (found !== undefined) [best, end] = [found, middle];
    else low = middle;
  }
  let [begin, high] = [0, end];
  while (high - begin > 1) {
    const middle = (begin + high) >> 1;
    const found = await fails(middle, end);
    if (found !== undefined) [best, begin] = [found, middle];
    else high = middle;
  }
  return best;
}

/**
 * Some nodes as a model, fed with the reference's values and run.
 * @param outputs default: of the nodes' values that have a counterpart those that others, or nobody, read
 * @returns undefined where it cannot be fed, has nothing to compare, or does not run
 */
async function attempt(
  side: Side,
  { match, expected, got }: Bisected,
  places: readonly number[],
  outputs: readonly MatchedValue[] | undefined,
): Promise<Reduced | undefined> {
  const { graph } = side;
  const producers = producersOf(graph);
  const { nodes, inputs } = closureOf(graph, places, {
    producers,
    isThere: (name) => match.values.has(name) && !madeBy(name),
  });
  function madeBy(name: string): boolean {
    const producer = producers.get(name);
    return producer !== undefined && places.includes(producer);
  }
  const own = new Set(nodes);
  const readOutside = new Set(graph.nodes.flatMap((node, place) => (own.has(place) ? [] : node.inputs)));
  const readInside = new Set(nodes.flatMap((place) => graph.nodes[place].inputs));
  const given =
    outputs ??
    nodes
      .flatMap((place) => graph.nodes[place].outputs)
      .filter((name) => readOutside.has(name) || !readInside.has(name))
      .flatMap((name) => match.values.get(name) ?? []);
  if (given.length === 0) return undefined;
  const fed = inputs.flatMap((name) => match.values.get(name) ?? []);
  try {
    const tensors = fed.map((each) => ({
      ...fedValue(graph, each, { expected, got }),
      name: each.value,
    }));
    const right = given.map((each) => ({
      ...asValue(graph, expected.get(each.reference), each, got),
      name: each.value,
    }));
    const model = graph.cut({
      parts: [{ nodes }],
      inputs: tensors.map(({ name, type, shape }) => ({ name, type, shape })),
      outputs: right.map(({ name, type, shape }) => ({ name, type, shape })),
    });
    const values = await side.run(model, Object.fromEntries(tensors.map(({ name, ...tensor }) => [name, tensor])));
    const differences = given.map((each) =>
      differenceOf(expected.get(each.reference), asNumbers(graph, values[each.value], each)),
    );
    return {
      model,
      nodes: nodes.map((place) => ({ name: graph.nodes[place].name, operator: graph.nodes[place].operator })),
      inputs: tensors,
      expected: right,
      got: given.map((each) => ({ ...values[each.value], name: each.value })),
      difference: differences.reduce((worst, each) => (order(each) > order(worst) ? each : worst)),
    };
  } catch (error) {
    if (!(error instanceof JepaError) || error instanceof UnavailableError) throw error;
    return undefined;
  }
}

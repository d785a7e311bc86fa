// Every value of a file on one runtime, slice after slice: each slice is a model of some nodes, fed with the values before it, so
// that no more than a slice is held at once.
import { JepaError, UnavailableError } from '../../error.ts';
import type { RuntimeTensor } from '../../runtimes/runtime.ts';
import type { Feeds } from '../file/feeds.ts';
import type { FileGraph, GraphNode } from './graph.ts';
import type { ValueStore } from './value-store.ts';

/** A file on a runtime. */
export interface Side {
  /** For people: `b.onnx on cpu`. */
  readonly name: string;
  readonly graph: FileGraph;
  /** Runs a model that was cut out of a file. @throws JepaError where it does not run */
  run(model: Uint8Array, feeds: Feeds): Promise<Record<string, RuntimeTensor>>;
}

/** Nodes of the first slice, and of the largest. */
const FIRST_NODES = 8;
const MOST_NODES = 128;

export interface WalkOptions {
  /** Bytes of the values and weights of one slice; a single node may have more. */
  readonly sliceByteLength: number;
  readonly onProgress: (done: number, total: number) => void;
}

/** Nodes that read nothing but weights: they go into every model that needs them. */
export function constantNodes({ nodes, constants }: FileGraph): Set<number> {
  const known = new Set(constants.keys());
  const found = new Set<number>();
  nodes.forEach(({ inputs, outputs, operator }, place) => {
    if (/^(Random|Multinomial|Bernoulli)/.test(operator)) return;
    if (!inputs.every((name) => name === '' || known.has(name))) return;
    found.add(place);
    for (const name of outputs) known.add(name);
  });
  return found;
}

/** Which node makes a value. */
export function producersOf({ nodes }: Pick<FileGraph, 'nodes'>): Map<string, number> {
  return new Map(nodes.flatMap(({ outputs }, place) => outputs.map((name) => [name, place] as const)));
}

/**
 * Computes all values into `store`.
 * @returns why single values could not be given out (sequences, types that no runtime gives)
 * @throws UnavailableError where the runtime itself is gone
 */
export async function computeValues(
  { graph, run }: Side,
  feeds: Feeds,
  store: ValueStore,
  { sliceByteLength, onProgress }: WalkOptions,
): Promise<ReadonlyMap<string, string>> {
  for (const [name, tensor] of Object.entries(feeds)) store.set(name, tensor);
  const constant = constantNodes(graph);
  const producers = producersOf(graph);
  const hidden = new Map<string, string>();
  const places = [...graph.nodes.keys()].filter((place) => !constant.has(place));
  let size = FIRST_NODES;
  for (let done = 0; done < places.length; ) {
    const taken = withinWeights(graph, places.slice(done, done + size), sliceByteLength);
    const { nodes, inputs } = closureOf(graph, taken, { producers, isThere: (name) => store.has(name) });
    const outputs = taken.flatMap((place) =>
      graph.nodes[place].outputs.filter((name) => name !== '' && !store.has(name)),
    );
    try {
      const model = graph.cut({
        parts: [{ nodes }],
        inputs: inputs.map((name) => ({ name, ...store.describe(name) })),
        outputs: outputs.map((name) => ({ name })),
      });
      const values = await run(model, Object.fromEntries(inputs.map((name) => [name, store.get(name)])));
      let byteLength = 0;
      for (const name of outputs) {
        store.set(name, values[name]);
        byteLength += values[name].data.byteLength;
      }
      done += taken.length;
      if (byteLength > sliceByteLength) size = Math.max(1, Math.floor(taken.length / 2));
      else if (byteLength < sliceByteLength / 4) size = Math.min(MOST_NODES, taken.length * 2);
      onProgress(done, places.length);
    } catch (error) {
      if (!(error instanceof JepaError) || error instanceof UnavailableError) throw error;
      if (taken.length > 1) {
        size = Math.floor(taken.length / 2);
        continue;
      }
      for (const name of outputs) hidden.set(name, error.message);
      done += 1;
    }
  }
  return hidden;
}

/** The first nodes whose weights fit, at least one. */
function withinWeights(graph: FileGraph, places: readonly number[], byteLength: number): number[] {
  let sum = 0;
  const end = places.findIndex((place, i) => {
    sum += weightBytes(graph, graph.nodes[place]);
    return i > 0 && sum > byteLength;
  });
  return places.slice(0, end < 0 ? places.length : end);
}

/** Bytes of the weights that a node reads. */
export function weightBytes({ constants }: FileGraph, { inputs }: Pick<GraphNode, 'inputs'>): number {
  return inputs.reduce((sum, name) => sum + (constants.get(name)?.byteLength ?? 0), 0);
}

export interface Closure {
  /** Rising. */
  readonly nodes: readonly number[];
  /** Values that are there and must be fed. */
  readonly inputs: readonly string[];
}

/** The nodes, with those before them whose values are not there. */
export function closureOf(
  graph: FileGraph,
  places: readonly number[],
  {
    producers,
    isThere,
  }: { readonly producers: ReadonlyMap<string, number>; readonly isThere: (name: string) => boolean },
): Closure {
  const nodes = new Set(places);
  const inputs = new Set<string>();
  const waiting = [...places];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop())
    for (const name of graph.nodes[place].inputs) {
      const producer = producers.get(name);
      if (producer !== undefined && nodes.has(producer)) continue;
      if (name === '' || graph.constants.has(name)) continue;
      if (isThere(name)) inputs.add(name);
      else if (producer !== undefined) {
        nodes.add(producer);
        waiting.push(producer);
      }
    }
  // What a node of the closure makes itself is not fed, though an earlier one asked for it.
  const made = new Set([...nodes].flatMap((place) => graph.nodes[place].outputs));
  return { nodes: [...nodes].sort((a, b) => a - b), inputs: [...inputs].filter((name) => !made.has(name)) };
}

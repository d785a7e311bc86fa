// The passes that make a converted graph lean, in their order. Each takes a graph and gives one that computes the same.
import type { Graph } from '../graph/graph.ts';
import { absorbPermutations } from './absorb-permutations.ts';
import { foldAffine } from './fold-affine.ts';
import { mergeBlocks } from './merge-blocks.ts';
import { nameValues } from './name.ts';
import { shareEqual } from './share.ts';
import { simplify } from './simplify.ts';
import { sinkTransposes } from './sink-transposes.ts';

export type Pass = (graph: Graph, opset: number) => Graph;

export const passes: Readonly<Record<string, Pass>> = {
  sinkTransposes,
  simplify,
  mergeBlocks,
  absorbPermutations,
  foldAffine,
  shareEqual,
};

/** Simplifying opens the way for the passes around it, so it runs between them. */
const sequence: readonly Pass[] = [
  simplify,
  sinkTransposes,
  simplify,
  mergeBlocks,
  sinkTransposes,
  absorbPermutations,
  foldAffine,
  simplify,
  shareEqual,
];

export function optimize(graph: Graph, opset: number): Graph {
  return nameValues(sequence.reduce((current, pass) => pass(current, opset), graph));
}

// The passes that make a converted graph lean, in their order. Each takes a graph and gives one that computes the same.
import type { Graph } from '../graph/graph.ts';
import { absorbPermutations } from './absorb-permutations.ts';
import { dropUnused } from './drop-unused.ts';
import { foldAffine } from './fold-affine.ts';
import { foldPads } from './fold-pads.ts';
import { hoistTransposes } from './hoist-transposes.ts';
import { mergeBlocks } from './merge-blocks.ts';
import { nameValues } from './name-values.ts';
import { shareEqual } from './share.ts';
import { reshapeTransposes, simplify } from './simplify.ts';
import { sinkTransposes } from './sink-transposes.ts';
import { splitNormalization } from './split-normalization.ts';

export type Pass = (graph: Graph, opset: number) => Graph;

/** Every pass by name. */
export const passes: Readonly<Record<string, Pass>> = {
  simplify,
  sinkTransposes,
  hoistTransposes,
  reshapeTransposes,
  mergeBlocks,
  foldPads,
  absorbPermutations,
  foldAffine,
  splitNormalization,
  shareEqual,
  dropUnused,
};

/** Simplifying opens the way for the passes around it, so it runs between them. */
const sequence: readonly Pass[] = [
  simplify,
  sinkTransposes,
  hoistTransposes,
  simplify,
  mergeBlocks,
  foldPads,
  sinkTransposes,
  absorbPermutations,
  foldAffine,
  splitNormalization,
  sinkTransposes,
  reshapeTransposes,
  simplify,
  shareEqual,
  dropUnused,
];

export function optimize(graph: Graph, opset: number): Graph {
  return nameValues(sequence.reduce((current, pass) => pass(current, opset), graph));
}

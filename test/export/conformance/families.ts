// The whole conformance suite, by family.
import type { Case } from './case.ts';
import { convolution, pooling } from './convolution.ts';
import { core } from './core.ts';
import { embedding, merge, preprocessing } from './merge.ts';
import { convolutionalRecurrent, masks, recurrent, wrapped } from './recurrent.ts';
import { topology } from './topology.ts';

export const families: Readonly<Record<string, readonly Case[]>> = {
  'core layers': core,
  convolutions: convolution,
  'pooling and images': pooling,
  'merge layers': merge,
  embeddings: embedding,
  preprocessing,
  'recurrent layers': recurrent,
  wrappers: wrapped,
  ConvLSTM2D: convolutionalRecurrent,
  masks,
  topologies: topology,
};

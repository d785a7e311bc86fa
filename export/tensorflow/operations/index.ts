// The table: every TensorFlow operation that is exported, by name.
import type { Operation } from '../operation.ts';
import { control } from './control.ts';
import { convolution } from './convolution.ts';
import { creation } from './creation.ts';
import { elementwise } from './elementwise.ts';
import { gathers } from './gather.ts';
import { gradients } from './gradient.ts';
import { images } from './image.ts';
import { lists } from './list.ts';
import { matrix } from './matrix.ts';
import { normalization } from './normalization.ts';
import { pooling } from './pooling.ts';
import { reductions } from './reduction.ts';
import { selection } from './selection.ts';
import { shapes } from './shape.ts';
import { slices } from './slice.ts';
import { transposedConvolution } from './transposed-convolution.ts';

const table = {
  ...elementwise,
  ...convolution,
  ...transposedConvolution,
  ...pooling,
  ...matrix,
  ...normalization,
  ...reductions,
  ...shapes,
  ...slices,
  ...gathers,
  ...creation,
  ...images,
  ...selection,
  ...control,
  ...lists,
  ...gradients,
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof table;

export const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>(Object.entries(table));

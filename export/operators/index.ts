// The operators of ONNX's own domain that the exporter writes and the checker knows.
import { control } from './control.ts';
import { convolution } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { linear } from './linear.ts';
import type { Operator } from './operator.ts';
import { quantization } from './quantization.ts';
import { recurrence } from './recurrent.ts';
import { reduction } from './reduction.ts';
import { selection } from './selection.ts';
import { shape } from './shape.ts';
import { slice } from './slice.ts';

const table = {
  ...elementwise,
  ...convolution,
  ...linear,
  ...reduction,
  ...shape,
  ...slice,
  ...recurrence,
  ...control,
  ...selection,
  ...quantization,
} as const satisfies Record<string, Operator>;

export type OperatorName = keyof typeof table;

export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>(Object.entries(table));

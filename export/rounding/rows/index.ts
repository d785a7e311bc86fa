// The operators that the certificate knows, by name.
import type { Row } from '../row.ts';
import { activationRows } from './activation.ts';
import { arithmeticRows } from './arithmetic.ts';
import { arrangementRows } from './arrangement.ts';
import { convolutionRows } from './convolution.ts';
import { creationRows } from './creation.ts';
import { layerNorm } from './layer-norm.ts';
import { linearRows } from './linear.ts';
import { reductionRows } from './reduction.ts';
import { softmax } from './softmax.ts';

export const rows: ReadonlyMap<string, Row> = new Map(
  Object.entries({
    ...activationRows,
    ...arithmeticRows,
    ...arrangementRows,
    ...convolutionRows,
    ...creationRows,
    ...linearRows,
    ...reductionRows,
    LayerNormalization: layerNorm,
    Softmax: softmax,
  }),
);

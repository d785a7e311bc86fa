// The operators that the certificate knows, by name.
import type { Row } from '../row.ts';
import { activationRows } from './activation.ts';
import { arithmeticRows } from './arithmetic.ts';
import { arrangementRows } from './arrangement.ts';
import { convolutionRows } from './convolution.ts';
import { linearRows } from './linear.ts';
import { normalizationRows } from './normalization.ts';
import { reductionRows } from './reduction.ts';

export const rows: ReadonlyMap<string, Row> = new Map(
  Object.entries({
    ...activationRows,
    ...arithmeticRows,
    ...arrangementRows,
    ...convolutionRows,
    ...linearRows,
    ...normalizationRows,
    ...reductionRows,
  }),
);

// p = a column that was recorded with the observations.
import * as z from 'zod';
import { UsageError, unknownName } from '../error.ts';
import type { Auxiliary, AuxiliaryContext, AuxiliaryLoss, ColumnAuxiliary, ColumnDescription } from './auxiliary.ts';
import { coefficientOption, lossOption } from './option.ts';

export const columnConfiguration = z.strictObject({
  kind: z.literal('column'),
  column: z.string().describe("the recording's column"),
  coefficient: coefficientOption,
  loss: lossOption,
});

export function createColumn(options: z.output<typeof columnConfiguration>, context: AuxiliaryContext): Auxiliary {
  if (!context.columns)
    throw new UsageError(`auxiliary column "${options.column}": expected a recording, got an environment`);
  const column = context.columns.get(options.column);
  if (!column) throw unknownName('auxiliary column', 'a column', options.column, [...context.columns.keys()]);
  if (options.loss === 'cross-entropy' && !column.isBinary)
    throw new UsageError(
      `auxiliary column "${options.column}": expected values of 0 or 1 for the loss "cross-entropy", got others`,
      { remedy: 'Use the loss "squared".' },
    );
  return columnAuxiliary(options.column, column, options);
}

/** The auxiliary of a column: cross-entropy where it holds 0 and 1 alone, else squared errors of standardised values. */
export function columnAuxiliary(
  name: string,
  { size, isBinary, mean, deviation }: ColumnDescription,
  options: { readonly loss?: AuxiliaryLoss | undefined; readonly coefficient: number },
): ColumnAuxiliary {
  const loss = options.loss ?? (isBinary ? 'cross-entropy' : 'squared');
  const isStandardized = loss === 'squared' && mean !== undefined && deviation !== undefined;
  return {
    name,
    of: 'column',
    size,
    loss,
    coefficient: options.coefficient,
    column: name,
    ...(isStandardized ? { statistics: { mean, deviation } } : {}),
  };
}

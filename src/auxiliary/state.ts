// p = the abstract state itself: everything that the environment knows, and nothing that it does not (no appearance).
import * as z from 'zod';
import type { StateFactor } from '../environments/environment.ts';
import { UsageError } from '../error.ts';
import type { Auxiliary, AuxiliaryContext } from './auxiliary.ts';
import { coefficientOption } from './option.ts';

export const stateConfiguration = z.strictObject({
  kind: z.literal('state'),
  encoding: z
    .enum(['scaled', 'one-hot'])
    .default('scaled')
    .describe('each factor as a number in 0..1 (squared error), or one number per value (cross-entropy)'),
  coefficient: coefficientOption,
});

/** The environment's factors side by side; its state number where it has none. */
export function createState(options: z.output<typeof stateConfiguration>, context: AuxiliaryContext): Auxiliary {
  const { environment } = context;
  if (!environment)
    throw new UsageError('auxiliary state: expected an environment, got a recording', {
      remedy: 'Name a column with the auxiliary "column".',
    });
  const factors: readonly StateFactor[] = environment.factors ?? [
    { name: 'state', size: environment.stateCount, of: (state) => state },
  ];
  const isOneHot = options.encoding === 'one-hot';
  const rows = Array.from({ length: environment.stateCount }, (_, state) =>
    factors.flatMap(({ size, of }) => {
      const value = of(state);
      if (isOneHot) return Array.from({ length: size }, (_, index) => (index === value ? 1 : 0));
      return [size > 1 ? value / (size - 1) : 0];
    }),
  );
  return {
    name: 'state',
    of: 'state',
    size: rows[0].length,
    loss: isOneHot ? 'cross-entropy' : 'squared',
    coefficient: options.coefficient,
    table: Float32Array.from(rows.flat()),
  };
}

// p = a user's function, in a module of their own.
import * as z from 'zod';
import type { Environment } from '../environments/environment.ts';
import { UsageError } from '../error.ts';
import type { Auxiliary, AuxiliaryContext } from './auxiliary.ts';
import { coefficientOption, lossOption } from './option.ts';

export const moduleConfiguration = z.strictObject({
  kind: z.literal('module'),
  path: z.string().min(1).describe('a module, JavaScript or TypeScript, relative to the working folder'),
  coefficient: coefficientOption,
  loss: lossOption,
});

/** The module's default export: p of a state. The same number of numbers for every state. */
export type AuxiliaryOfState = (state: number, environment: Environment) => number | readonly number[];

/** The module's named export `createAuxiliary`, for everything else: a table, a frozen network, a column. */
export type AuxiliaryCreator = (context: AuxiliaryContext) => Auxiliary | Promise<Auxiliary>;

/** Loads the module and asks its `createAuxiliary`, or else its default export, a function of the state. */
export async function createFromModule(
  options: z.output<typeof moduleConfiguration>,
  context: AuxiliaryContext,
): Promise<Auxiliary> {
  const where = `auxiliary module ${options.path}`;
  const { importUserModule } = await import('../machine/user-module.ts');
  const loaded = await importUserModule(options.path, {
    where,
    permission: { kind: 'module', name: options.path },
  });
  const create: unknown = loaded.createAuxiliary;
  if (typeof create === 'function') {
    const auxiliary = checkAuxiliary(await (create as AuxiliaryCreator)(context), context, where);
    return { ...auxiliary, coefficient: options.coefficient, loss: options.loss ?? auxiliary.loss };
  }
  const ofState: unknown = loaded.default;
  if (typeof ofState !== 'function')
    throw new UsageError(`${where}: expected a default export (state, environment) => numbers, got ${typeof ofState}`, {
      remedy: 'Or export a function createAuxiliary(context) that returns a whole auxiliary.',
    });
  return tableOf(ofState as AuxiliaryOfState, options, context, where);
}

function tableOf(
  ofState: AuxiliaryOfState,
  options: z.output<typeof moduleConfiguration>,
  { environment }: AuxiliaryContext,
  where: string,
): Auxiliary {
  if (!environment)
    throw new UsageError(`${where}: expected an environment for a function of the state, got a recording`);
  const rows = Array.from({ length: environment.stateCount }, (_, state) => {
    const value = ofState(state, environment);
    return typeof value === 'number' ? [value] : value;
  });
  const wrong = rows.findIndex(
    (row) => !Array.isArray(row) || row.length !== rows[0].length || row.length === 0 || !row.every(Number.isFinite),
  );
  if (wrong >= 0)
    throw new UsageError(
      `${where}: state ${wrong}: expected ${rows[0]?.length || 'one or more'} finite numbers, got ${JSON.stringify(rows[wrong])}`,
    );
  const table = Float32Array.from(rows.flat());
  const isBinary = table.every((value) => value === 0 || value === 1);
  if (options.loss === 'cross-entropy' && !isBinary)
    throw new UsageError(`${where}: expected values of 0 or 1 for the loss "cross-entropy", got others`);
  return {
    name: 'module',
    of: 'state',
    size: rows[0].length,
    loss: options.loss ?? (isBinary ? 'cross-entropy' : 'squared'),
    coefficient: options.coefficient,
    table,
  };
}

function checkAuxiliary(auxiliary: Auxiliary, { environment, columns }: AuxiliaryContext, where: string): Auxiliary {
  const kinds = ['state', 'pixels', 'column'];
  if (typeof auxiliary !== 'object' || auxiliary === null || !kinds.includes(auxiliary.of))
    throw new UsageError(`${where}: expected an auxiliary of ${kinds.join(', ')}, got ${JSON.stringify(auxiliary)}`);
  if (!Number.isInteger(auxiliary.size) || auxiliary.size < 1)
    throw new UsageError(`${where}: expected a size of 1 or more, got ${auxiliary.size}`);
  if (auxiliary.of === 'state' && auxiliary.table.length !== (environment?.stateCount ?? 0) * auxiliary.size)
    throw new UsageError(
      `${where}: expected a table of ${environment?.stateCount ?? 0} x ${auxiliary.size} numbers, got ${auxiliary.table.length}`,
    );
  if (auxiliary.of === 'column' && columns?.get(auxiliary.column)?.size !== auxiliary.size)
    throw new UsageError(`${where}: expected a column of ${auxiliary.size} numbers, got "${auxiliary.column}"`);
  return auxiliary;
}

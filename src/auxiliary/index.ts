// All auxiliary functions by name: their configuration, and how one is created.
import * as z from 'zod';
import { unknownName } from '../error.ts';
import { parseOptions } from '../options.ts';
import type { Auxiliary, AuxiliaryContext } from './auxiliary.ts';
import { columnConfiguration, createColumn } from './column.ts';
import { createFromModule, moduleConfiguration } from './module.ts';
import { noneConfiguration } from './none.ts';
import { createRandomProjection, randomProjectionConfiguration } from './random-projection.ts';
import { createRandomTransformer, randomTransformerConfiguration } from './random-transformer.ts';
import { createReward, rewardConfiguration } from './reward.ts';
import { createState, stateConfiguration } from './state.ts';
import { createValue, valueConfiguration } from './value.ts';

/** Schema of one auxiliary function p of a configuration: its `kind` and that kind's own options. */
export const auxiliaryConfiguration = z.discriminatedUnion('kind', [
  rewardConfiguration,
  valueConfiguration,
  stateConfiguration,
  randomProjectionConfiguration,
  randomTransformerConfiguration,
  columnConfiguration,
  moduleConfiguration,
  noneConfiguration,
]);
/** One auxiliary function p as a configuration names it, with defaults filled in. */
export type AuxiliaryConfiguration = z.output<typeof auxiliaryConfiguration>;

/** The names that `kind` may have. */
export const auxiliaryNames: readonly string[] = auxiliaryConfiguration.options.map(
  (option) => option.shape.kind.value,
);

/** Parses one auxiliary as a person writes it: its name, or an object with `kind` and options. */
export function parseAuxiliary(where: string, value: unknown): AuxiliaryConfiguration {
  const written = typeof value === 'string' ? { kind: value } : value;
  const kind = typeof written === 'object' && written !== null ? Reflect.get(written, 'kind') : undefined;
  const schema = auxiliaryConfiguration.options.find((option) => option.shape.kind.value === kind);
  if (!schema) throw unknownName(where, 'the kind of an auxiliary', String(kind), auxiliaryNames);
  return parseOptions(`${where} ${String(kind)}`, schema, written);
}

/** Parses several as a person writes them in one word: names separated by commas, `column:NAME` for a column of a recording. */
export function parseAuxiliaryNames(where: string, text: string): AuxiliaryConfiguration[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .map((name) => parseAuxiliary(where, name.startsWith('column:') ? { kind: 'column', column: name.slice(7) } : name))
    .filter(({ kind }) => kind !== 'none');
}

/** Creates auxiliaries in the order given; `none` adds nothing. Whoever calls this disposes the models of pixel auxiliaries. */
export async function createAuxiliaries(
  configurations: readonly AuxiliaryConfiguration[],
  context: AuxiliaryContext,
): Promise<Auxiliary[]> {
  const auxiliaries: Auxiliary[] = [];
  for (const configuration of configurations) {
    const auxiliary = await createAuxiliary(configuration, context);
    if (auxiliary) auxiliaries.push(auxiliary);
  }
  return auxiliaries;
}

async function createAuxiliary(
  configuration: AuxiliaryConfiguration,
  context: AuxiliaryContext,
): Promise<Auxiliary | undefined> {
  switch (configuration.kind) {
    case 'reward':
      return createReward(configuration, context);
    case 'value':
      return createValue(configuration, context);
    case 'state':
      return createState(configuration, context);
    case 'random-projection':
      return createRandomProjection(configuration, context);
    case 'random-transformer':
      return createRandomTransformer(configuration, context);
    case 'column':
      return createColumn(configuration, context);
    case 'module':
      return createFromModule(configuration, context);
    case 'none':
      return undefined;
  }
}

export type {
  Auxiliary,
  AuxiliaryContext,
  AuxiliaryLoss,
  AuxiliarySlice,
  ColumnAuxiliary,
  ColumnDescription,
  PixelAuxiliary,
  StateAuxiliary,
} from './auxiliary.ts';
export { auxiliarySizeOf, joinStateTables, sliceAuxiliaries } from './auxiliary.ts';
export { environmentContext } from './context.ts';

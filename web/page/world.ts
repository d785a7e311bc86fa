// The environment that an export was trained on, made again in the page: its images, its classes, its auxiliary values.
import * as z from 'zod';
import { auxiliarySizeOf, type StateAuxiliary } from '../../src/auxiliary/auxiliary.ts';
import { environmentContext } from '../../src/auxiliary/context.ts';
import { createReward, rewardConfiguration } from '../../src/auxiliary/reward.ts';
import { createState, stateConfiguration } from '../../src/auxiliary/state.ts';
import { createValue, valueConfiguration } from '../../src/auxiliary/value.ts';
import { createEnvironment, type Environment, environmentNames } from '../../src/environments/index.ts';
import { FormatError, UsageError } from '../../src/error.ts';
import { rewardClasses, type StateClasses } from '../../src/evaluation/bisimulation-class.ts';
import type { ExportDescription } from '../../src/storage/export-format.ts';

export interface World {
  readonly environment: Environment;
  readonly classes: StateClasses;
  /** What the head's outputs are, in their order; undefined where some of them are not functions of the state. */
  readonly auxiliaries: readonly StateAuxiliary[] | undefined;
}

const namedEnvironment = z.looseObject({ name: z.string() });

/**
 * @throws UsageError where the observations cannot be drawn here: a recording, or an environment of somebody's own.
 * @throws FormatError where the environment is not the encoder's.
 */
export function worldOf({ configuration, encoder, auxiliary }: ExportDescription): World {
  const environment = environmentOf(configuration.environment);
  const { height, width, channels } = encoder.input;
  const expected = [height, width, channels].join(' x ');
  const found = environment.observationShape.join(' x ');
  if (expected !== found)
    throw new FormatError(
      `environment ${environment.name}: expected observations of ${expected} as the encoder takes, got ${found}`,
      { remedy: 'Export the run again: the description and the encoder do not belong together.' },
    );
  return {
    environment,
    classes: rewardClasses(environment),
    auxiliaries: stateAuxiliaries(configuration.auxiliary, environment, auxiliary?.output.size ?? 0),
  };
}

function environmentOf(configured: unknown): Environment {
  const parsed = namedEnvironment.safeParse(configured);
  const found = parsed.success ? `"${parsed.data.name}"` : 'none (a recording)';
  if (!parsed.success || !environmentNames.includes(parsed.data.name))
    throw new UsageError(`model.json: expected a built-in environment (${environmentNames.join(', ')}), got ${found}`, {
      remedy:
        'The page draws the images that it measures itself: use an export of a built-in environment, or `jepa evaluate`.',
    });
  const { name, ...options } = parsed.data;
  return createEnvironment(name, options);
}

const stateAuxiliaryConfiguration = z.array(
  z.discriminatedUnion('kind', [
    rewardConfiguration,
    valueConfiguration,
    stateConfiguration,
    z.looseObject({ kind: z.literal('none') }),
  ]),
);

function stateAuxiliaries(configured: unknown, environment: Environment, size: number): StateAuxiliary[] | undefined {
  const parsed = stateAuxiliaryConfiguration.safeParse(configured);
  if (!parsed.success) return undefined;
  const context = environmentContext(environment, 0);
  const auxiliaries: StateAuxiliary[] = [];
  for (const each of parsed.data) {
    if (each.kind === 'none') continue;
    const auxiliary =
      each.kind === 'reward'
        ? createReward(each, context)
        : each.kind === 'value'
          ? createValue(each, context)
          : createState(each, context);
    if (auxiliary.of === 'state') auxiliaries.push(auxiliary);
  }
  return auxiliarySizeOf(auxiliaries) === size ? auxiliaries : undefined;
}

// The environment that an export was trained on, made again in the page: its images, its classes, its auxiliary values.
import * as z from 'zod';
import { auxiliarySizeOf, type StateAuxiliary } from '../../src/auxiliary/auxiliary.ts';
import { environmentContext } from '../../src/auxiliary/context.ts';
import { createReward, rewardConfiguration } from '../../src/auxiliary/reward.ts';
import { createState, stateConfiguration } from '../../src/auxiliary/state.ts';
import { createValue, valueConfiguration } from '../../src/auxiliary/value.ts';
import { labelledObservations } from '../../src/data/environment-source.ts';
import { createEnvironment, type Environment, environmentNames } from '../../src/environments/index.ts';
import { FormatError, UsageError } from '../../src/error.ts';
import { rewardClasses } from '../../src/evaluation/class/bisimulation.ts';
import { actionSpaceOf } from '../../src/planning/action-space.ts';
import { actionOf } from '../../src/planning/true-world.ts';
import { randomFor } from '../../src/random.ts';
import type { ExportDescription } from '../../src/storage/export-format.ts';
import type { World } from './world.ts';

/** Observations of every state at least: distances within a class need two, centroids a few. */
const LEAST_PER_STATE = 8;

const namedEnvironment = z.looseObject({ name: z.string() });

/**
 * @throws UsageError where the observations cannot be drawn here: of a recording, or of an environment of somebody's own
 * @throws FormatError where it is not the encoder's
 */
export function environmentWorld({ configuration, encoder, auxiliary }: ExportDescription): World {
  const environment = environmentOf(configuration.environment);
  const { input } = encoder;
  const expected = (input.layout === 'flat' ? [input.size] : [input.height, input.width, input.channels]).join(' x ');
  const found = environment.observationShape.join(' x ');
  if (expected !== found)
    throw new FormatError(
      `environment ${environment.name}: expected observations of ${expected} as the encoder takes, got ${found}`,
      { remedy: 'Export the run again: the description and the encoder do not belong together.' },
    );
  return {
    name: environment.name,
    environment,
    classes: rewardClasses(environment),
    auxiliaries: stateAuxiliaries(configuration.auxiliary, environment, auxiliary?.output.size ?? 0),
    actionNames: environment.actionNames,
    encodeAction(action) {
      const encoded = new Float32Array(environment.actionSize);
      environment.encodeAction(action, randomFor('imagine', action), encoded, 0);
      return encoded;
    },
    actionSpace: actionSpaceOf(environment),
    actionOf: (encoded) => actionOf(environment, encoded),
    vectorColumns: [],
    available: undefined,
    leastObservations: LEAST_PER_STATE * environment.stateCount,
    notes: (count) => [
      `The same observations as \`jepa evaluate --observations ${count}\` draws. Whether the latents have room is judged by ` +
        'their standard deviation, since the untrained encoder is not in the export.',
    ],
    draw(count, stream) {
      const { observations, states } = labelledObservations(environment, count, 0, stream);
      if (observations instanceof Uint8Array) return { images: observations, vectors: undefined, states };
      throw new UsageError('observations: expected images as bytes, got numbers');
    },
  };
}

function environmentOf(configured: unknown): Environment {
  const parsed = namedEnvironment.safeParse(configured);
  const found = parsed.success ? `"${parsed.data.name}"` : 'none (a recording)';
  if (!parsed.success || !environmentNames.includes(parsed.data.name))
    throw new UsageError(
      `export.json: expected a built-in environment (${environmentNames.join(', ')}), got ${found}`,
      {
        remedy:
          'Serve the run where its recording is (`jepa serve RUN --data PATH`), or use an export of a built-in environment, or `jepa evaluate`.',
      },
    );
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

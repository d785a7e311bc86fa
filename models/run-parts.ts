// What a configuration describes: the environment, the auxiliary functions and the networks, freshly built from its seed.
import { type Auxiliary, auxiliarySizeOf, createAuxiliaries, environmentContext } from '../src/auxiliary/index.ts';
import { createEnvironment, type Environment } from '../src/environments/index.ts';
import type { Configuration } from '../src/training/configuration.ts';
import { buildWorldModel, type WorldModel } from './world-model.ts';

export interface RunParts {
  readonly environment: Environment;
  readonly auxiliaries: readonly Auxiliary[];
  readonly model: WorldModel;
}

/** Builds all parts; whoever calls this disposes them with `disposeRunParts`. */
export async function buildRunParts(configuration: Configuration): Promise<RunParts> {
  const { name, ...options } = configuration.environment;
  const environment = createEnvironment(name, options);
  const context = environmentContext(environment, configuration.seed);
  const auxiliaries = await createAuxiliaries(configuration.auxiliary, context);
  const shape = {
    observationShape: environment.observationShape,
    actionSize: environment.actionSize,
    auxiliarySize: auxiliarySizeOf(auxiliaries),
  };
  return { environment, auxiliaries, model: buildWorldModel(configuration.model, shape, configuration.seed) };
}

export function disposeRunParts({ auxiliaries, model }: RunParts): void {
  for (const network of [model.encoder, model.predictor, model.auxiliary]) network?.dispose();
  for (const auxiliary of auxiliaries) if (auxiliary.of === 'pixels') auxiliary.model.dispose();
}

// The context of auxiliaries for an environment.
import { labelledObservations } from '../data/environment-source.ts';
import type { Environment } from '../environments/environment.ts';
import type { AuxiliaryContext } from './auxiliary.ts';

/** What p is standardised on comes from a stream of its own, so that it meets neither training nor held-out observations. */
export function environmentContext(environment: Environment, seed: number): AuxiliaryContext {
  return {
    seed,
    observationShape: environment.observationShape,
    environment,
    sampleObservations: (count) => labelledObservations(environment, count, seed, 'auxiliary').observations,
  };
}

// What a training step of a run is fed, without opening what it is fed from.
import { observationTypeOf } from '../../src/data/recording-description.ts';
import type { TrainingStepShape } from '../../src/training/training-graph.ts';
import type { RunParts } from '../parts.ts';

export function trainingShapeOf({ recording, observationShape, actionSize, auxiliaries }: RunParts): TrainingStepShape {
  const fed = auxiliaries.filter((auxiliary) => auxiliary.of !== 'pixels');
  return {
    observationShape,
    observationType: recording === undefined ? 'uint8' : observationTypeOf(recording),
    actionSize,
    auxiliarySize: fed.reduce((sum, auxiliary) => sum + auxiliary.size, 0),
  };
}

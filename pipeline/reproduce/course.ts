// A training of an environment that stops where it is asked to, to be looked at: without a folder, the steps of `trainRun`.
import { setImmediate as letOthersRun } from 'node:timers/promises';
import { joinStateTables } from '../../src/auxiliary/index.ts';
import { environmentSource } from '../../src/data/environment-source.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import { dynamicsHorizonOf } from '../../src/training/objective.ts';
import { learningRateAt } from '../../src/training/schedule.ts';
import { TrainingStep } from '../../src/training/training-step.ts';
import { buildEnvironmentParts, disposeRunParts, type EnvironmentRunParts } from '../parts.ts';

export interface Course {
  readonly parts: EnvironmentRunParts;
  readonly training: TrainingStep;
  /**
   * Trains until so many steps are done.
   * @returns the step whose loss was not finite; undefined where all were
   */
  advance(step: number): Promise<number | undefined>;
}

/**
 * Native TensorFlow must be loaded.
 * @param onStep called before every step: throws what ends the training
 */
export async function withCourse<Result>(
  configuration: Configuration,
  onStep: ((step: number) => void) | undefined,
  use: (course: Course) => Promise<Result>,
): Promise<Result> {
  const { seed, objective, optimization } = configuration;
  const parts = await buildEnvironmentParts(configuration);
  const { environment, auxiliaries } = parts;
  const source = environmentSource(environment, {
    seed,
    stream: 'train',
    auxiliary: joinStateTables(auxiliaries, environment.stateCount),
    actionPersistence: objective.actionPersistence,
    observedHorizon: dynamicsHorizonOf(objective),
  });
  const training = new TrainingStep(parts.model, source, {
    objective,
    optimization,
    auxiliaries,
    seed,
    isMeasured: true,
  });
  let done = 0;
  const advance = async (step: number): Promise<number | undefined> => {
    for (; done < step; done++) {
      onStep?.(done);
      const batch = await source.batch(done, optimization.batchSize, objective.horizon);
      const { loss } = training.run(batch, done, learningRateAt(done, optimization));
      if (!Number.isFinite(loss)) return done;
      // TensorFlow's step blocks the event loop: let signals in.
      await letOthersRun();
    }
    return undefined;
  };
  try {
    return await use({ parts, training, advance });
  } finally {
    training.dispose();
    disposeRunParts(parts);
  }
}

// The observations that a run or an export is verified on: its environment's, its recording's, or random ones.
import type { ClassSource } from '../../src/evaluation/class/bisimulation.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import type { EvaluationSubject } from '../../src/run/subject.ts';
import type { VerificationInput } from '../../src/verification/verify.ts';
import { onnxRuntime } from '../encoder/reference-runtime.ts';
import { recordingClasses } from '../evaluate/class-choice.ts';

export interface RunObservationOptions {
  /** What must be told apart. Default: reward; of a recording what can be claimed best. */
  readonly classes?: ClassSource | RecordingClassSource | undefined;
  /** Where the recording of the run is now. Default: where the run found it. */
  readonly data?: string | undefined;
  /** Judged ones; as many more give the centroids. Default: 512. */
  readonly observations?: number | undefined;
  /** Default: 0. */
  readonly seed?: number | undefined;
  /** Told in one line of what is odd or left out. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * Held-out observations of the run's environment or recording, their classes, and the encoder before training; random
 * observations where the recording is not there.
 */
export async function observationsOfRun(
  subject: EvaluationSubject,
  { classes, data, observations = 512, seed = 0, onNote }: RunObservationOptions,
): Promise<Pick<VerificationInput, 'source' | 'classes' | 'untrainedEncoder'>> {
  const runtime = await onnxRuntime();
  if (subject.configuration.recording !== undefined) {
    const chosen = recordingClasses(classes, 'of a run of a recording');
    const { inputOfRecordingOrStatistics } = await import('../network/recording.ts');
    return inputOfRecordingOrStatistics(subject, {
      path: data,
      classes: chosen,
      observations,
      seed,
      runtime,
      onNote,
    });
  }
  const { inputOfEnvironment } = await import('../network/environment.ts');
  return inputOfEnvironment(subject, { classes, data, runtime });
}

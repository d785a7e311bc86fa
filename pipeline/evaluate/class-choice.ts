// Which source of classes fits what is evaluated: environments know their states, recordings only what was observed.
import { option, UsageError } from '../../src/error.ts';
import type { ClassSource } from '../../src/evaluation/class/bisimulation.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import { isClassSource } from '../../src/evaluation/class/state.ts';

export type ClassChoice = ClassSource | RecordingClassSource;

/** Of a run of an environment; the reward where nobody chose. @throws UsageError for classes of recordings */
export function environmentClasses(choice: ClassChoice = 'reward'): ClassSource {
  if (isClassSource(choice)) return choice;
  throw new UsageError(
    `${option('classes')}: expected reward, auxiliary or state of a run of an environment, got ${choice.of}`,
  );
}

/** @param whose what has the recording, for the message. @throws UsageError for classes of environments */
export function recordingClasses(
  choice: ClassChoice | undefined,
  whose: 'of a run of a recording' | 'for a recording',
): RecordingClassSource | undefined {
  if (!isClassSource(choice)) return choice;
  throw new UsageError(`${option('classes')}: expected column:NAME, quantiles:K or observed ${whose}, got ${choice}`, {
    remedy: 'What each can claim: docs/measures.md.',
  });
}

// What a person writes after --classes: of an environment, or of a recording.
import { unknownName } from '../../src/error.ts';
import type { ClassSource } from '../../src/evaluation/class/bisimulation.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';

/** reward, auxiliary, state; of a recording column:NAME, quantiles or quantiles:K, observed. Which of them fits is the work's to say. */
export async function parseClasses(text: string): Promise<ClassSource | RecordingClassSource> {
  const { isClassSource } = await import('../../src/evaluation/class/state.ts');
  if (isClassSource(text)) return text;
  const { parseRecordingClassSource } = await import('../../src/evaluation/class/recording.ts');
  if (/^(?:column:|quantiles|observed$)/.test(text)) return parseRecordingClassSource('--classes', text);
  throw unknownName('--classes', 'the source of the classes', text, [
    ...['reward', 'auxiliary', 'state'],
    ...['observed', 'quantiles:K', 'column:NAME'],
  ]);
}

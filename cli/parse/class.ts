// What a person writes after --classes: of an environment, or of a recording.
import { UsageError, unknownName } from '../../src/error.ts';
import type { ClassSource } from '../../src/evaluation/class/bisimulation.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';

/** reward, auxiliary, state; of a recording column:NAME, quantiles or quantiles:K, observed. Which of them fits is the work's to say. */
export async function parseClasses(text: string): Promise<ClassSource | RecordingClassSource> {
  const { isClassSource } = await import('../../src/evaluation/class/state.ts');
  if (isClassSource(text)) return text;
  if (/^(?:column:|quantiles|observed$)/.test(text)) return await parseRecordingClassSource('--classes', text);
  throw unknownName('--classes', 'the source of the classes', text, [
    ...['reward', 'auxiliary', 'state'],
    ...['observed', 'quantiles:K', 'column:NAME'],
  ]);
}

const DEFAULT_QUANTILES = 4;

/** `column:NAME`, `quantiles` or `quantiles:K`, `observed`. */
export async function parseRecordingClassSource(where: string, text: string): Promise<RecordingClassSource> {
  const { MAXIMAL_CLASS_COUNT } = await import('../../src/evaluation/class/recording.ts');
  const colon = text.indexOf(':');
  const [of, detail] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  if (of === 'observed' && detail === '') return { of };
  if (of === 'column' && detail !== '') return { of, column: detail };
  if (of === 'quantiles') {
    const count = detail === '' ? DEFAULT_QUANTILES : Number(detail);
    if (Number.isInteger(count) && count >= 2 && count <= MAXIMAL_CLASS_COUNT) return { of, count };
    throw new UsageError(`${where}: expected quantiles:K with K from 2 to ${MAXIMAL_CLASS_COUNT}, got "${text}"`);
  }
  throw new UsageError(`${where}: expected column:NAME, quantiles:K or observed for a recording, got "${text}"`, {
    remedy: 'What each can claim: docs/measures.md.',
  });
}

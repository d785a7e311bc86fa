// What a person writes for the classes of an evaluation: of an environment, or of a recording.
import { UsageError, unknownName } from '../../error.ts';
import type { ClassSource } from './bisimulation.ts';
import { MAXIMAL_CLASS_COUNT, type RecordingClassSource } from './recording.ts';
import { isClassSource } from './state.ts';

/**
 * Parses reward, auxiliary, state; of a recording column:NAME, quantiles or quantiles:K, observed. Which of them fits is the
 * work's to say.
 * @param where who asks, for errors
 * @throws UsageError of one line for anything else
 */
export function parseClasses(where: string, text: string): ClassSource | RecordingClassSource {
  if (isClassSource(text)) return text;
  if (/^(?:column:|quantiles|observed$)/.test(text)) return parseRecordingClasses(where, text);
  throw unknownName(where, 'the source of the classes', text, [
    ...['reward', 'auxiliary', 'state'],
    ...['observed', 'quantiles:K', 'column:NAME'],
  ]);
}

const DEFAULT_QUANTILES = 4;

/** Parses `column:NAME`, `quantiles` or `quantiles:K`, `observed`. @throws UsageError of one line for anything else */
export function parseRecordingClasses(where: string, text: string): RecordingClassSource {
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

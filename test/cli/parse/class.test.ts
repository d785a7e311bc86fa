// What --classes says.
import { describe, expect, test } from 'vitest';
import { parseClasses, parseRecordingClassSource } from '../../../cli/parse/class.ts';

describe('parseRecordingClassSource', () => {
  test('reads a name with its detail', async () => {
    expect(await parseRecordingClassSource('--classes', 'observed')).toEqual({ of: 'observed' });
    expect(await parseRecordingClassSource('--classes', 'quantiles')).toEqual({ of: 'quantiles', count: 4 });
    expect(await parseRecordingClassSource('--classes', 'quantiles:7')).toEqual({ of: 'quantiles', count: 7 });
    expect(await parseRecordingClassSource('--classes', 'column:a:b')).toEqual({ of: 'column', column: 'a:b' });
  });

  test.each(['reward', 'column', 'column:', 'quantiles:1', 'quantiles:2.5', 'observed:3'])(
    'refuses %s',
    async (text) => {
      await expect(parseRecordingClassSource('--classes', text)).rejects.toThrow(`got "${text}"`);
    },
  );
});

describe('parseClasses', () => {
  test('an unknown source is a usage error with the nearest name', async () => {
    await expect(parseClasses('rewards')).rejects.toMatchObject({
      name: 'UsageError',
      remedy: 'Did you mean "reward"?',
    });
    expect(await parseClasses('auxiliary')).toBe('auxiliary');
  });
});

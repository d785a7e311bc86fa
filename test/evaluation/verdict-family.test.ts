import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { families, familyRow, judgeFamily } from './verdict-family.ts';

const published = readFileSync(join(import.meta.dirname, '../../docs/measures.md'), 'utf8');
/** Those whose distances take less than a second: the others are in the slow suite. */
const quick = families.filter(({ trials, counts }) => trials >= 4 && counts.length < 60).slice(0, 12);

describe('the verdict on latents whose truth is known', () => {
  test.each(quick.map((family) => [family.name, family] as const))('%s: as docs/measures.md says', (_name, family) => {
    const tally = judgeFamily({ ...family, trials: 2 });
    expect(tally.separable.wrong).toBe(0);
    expect(tally.clustered.wrong).toBe(0);
    expect(tally.wrongWord).toBe(0);
  });

  test('every family stands in the table', () => {
    for (const { name } of families) expect(published).toContain(`| ${name} |`);
    expect(familyRow(families[0], judgeFamily({ ...families[0], trials: 1 }))).toContain('| yes | 0 | 0 | yes | 0 |');
  });
});

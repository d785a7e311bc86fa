import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { families, familyRow, judgeFamily, wordRow } from './verdict-family.ts';

const published = readFileSync(join(import.meta.dirname, '../../docs/measures.md'), 'utf8');

test.each(families.map((family) => [family.name, family] as const))(
  'the verdict on %s is the rows of docs/measures.md',
  (_name, family) => {
    const tally = judgeFamily(family);
    expect(published).toContain(familyRow(family, tally));
    expect(published).toContain(wordRow(family, tally));
  },
  600_000,
);

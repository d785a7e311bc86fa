// The words of a report have the thresholds of the verdict.
import { expect, test } from 'vitest';
import { verdictThresholds } from '../../src/measures/verdict.ts';
import { readingSection } from '../../src/report/reading-section.ts';

test('the reader is told both questions, with their thresholds, and what undecided is', () => {
  const [block] = readingSection('reward').blocks;
  if (block.kind !== 'facts') throw new Error(`expected facts, got ${block.kind}`);
  const noteOf = (term: string) => block.items.find((item) => item.term === term)?.note;
  expect(noteOf('Class')).toContain('Here they are given by what the reward tells apart, now or after some actions.');
  expect(noteOf('Told apart')).toContain(`at least ${verdictThresholds.separation * 10} of 10 observations`);
  expect(verdictThresholds.clusterRatio).toBe(2);
  expect(noteOf('One cluster')).toContain('at least twice as far apart');
  expect(noteOf('Undecided')).toContain('more observations would decide it');
});

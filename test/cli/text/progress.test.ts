// The progress line: what it shows first, how wide it is, and what it leaves out where there is no terminal.
import { describe, expect, test } from 'vitest';
import type { TerminalStream } from '../../../cli/terminal.ts';
import { createTrainingProgress, fitLine, terminalStyle } from '../../../cli/text/progress.ts';

const parts = [
  'step 1200/50000',
  '12 min 30 s left',
  'loss 0.0123',
  'dynamics 0.01',
  'latent deviation 0.981',
  '8.1 ms/step',
];

describe('the progress line', () => {
  test.each([
    [109, `${'━'.repeat(5)}${'─'.repeat(15)}  step 1200/50000  12 min 30 s left  loss 0.0123  dynamics 0.01`],
    [79, `${'━'.repeat(5)}${'─'.repeat(15)}  step 1200/50000  12 min 30 s left  loss 0.0123`],
    [59, 'step 1200/50000  12 min 30 s left  loss 0.0123'],
    [34, 'step 1200/50000  12 min 30 s left'],
    [10, 'step 1200/'],
  ])('at %i columns leads with step, time left and loss', (columns, expected) => {
    const line = fitLine(parts, { fraction: 0.25, columns, hasColour: false });
    expect(line.startsWith(expected)).toBe(true);
    expect(line.length).toBeLessThanOrEqual(columns);
  });

  test('in colour is as wide as without', () => {
    const coloured = fitLine(parts, { fraction: 0.5, columns: 79, hasColour: true });
    const plain = fitLine(parts, { fraction: 0.5, columns: 79, hasColour: false });
    expect(coloured).toContain('\x1b[32m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what colours a terminal begins with one.
    expect(coloured.replace(/\x1b\[\d+m/g, '')).toBe(plain);
  });

  test.each([
    [{}, { isRedrawn: true, hasColour: true }],
    [{ NO_COLOR: '1' }, { isRedrawn: true, hasColour: false }],
    [{ NO_COLOR: '' }, { isRedrawn: true, hasColour: true }],
    [{ TERM: 'dumb' }, { isRedrawn: false, hasColour: false }],
    [{ CI: 'true' }, { isRedrawn: false, hasColour: false }],
  ])('on a terminal with %o is drawn as %o', (environment, expected) => {
    expect(terminalStyle({ isTTY: true, write: () => {} }, environment)).toEqual(expected);
  });

  test('without a terminal is a line of its own, with the time left before the numbers', () => {
    const lines: string[] = [];
    const stream: TerminalStream = { write: (text) => lines.push(text) };
    const progress = createTrainingProgress(2, stream, {});
    const result = { loss: 1, terms: { dynamics: 1 }, latentDeviation: 1 };
    progress.step(1, result);
    progress.step(2, result);
    progress.finish();
    expect(lines.at(-1)).toMatch(
      /^step 2\/2 {2}0 s left {2}loss 1\.00 {2}dynamics 1\.00 {2}latent deviation 1\.00 {2}[\d.]+ ms\/step\n$/,
    );
    expect(lines.join('')).not.toContain('\x1b');
  });
});

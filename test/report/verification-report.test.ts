// The headline of a verification: of the runtimes, not of a smaller encoder that somebody may choose.
import { describe, expect, test } from 'vitest';
import { verificationReport } from '../../src/report/verification-report.ts';
import { verificationFixture } from '../verification/record-fixture.ts';

describe('the headline of verify', () => {
  test('is that of the runtimes; an uncertain int8 encoder has a line of its own', () => {
    const { answer, picture } = verificationReport(verificationFixture, 'test');
    expect(answer).toMatchObject({ headline: 'The same answer', tone: 'good' });
    expect(answer.sentences).toContain(
      'Optional, int8: whether the verdict survives a smaller encoder is not certain; here it is distinct (accuracy 98.0%).',
    );
    if (picture.kind !== 'table') throw new Error(`expected a table, got ${picture.kind}`);
    const cells = picture.rows.map((cells) => cells[2]);
    expect(cells.map((cell) => (typeof cell === 'string' ? cell : cell.text))).toEqual([
      'yes',
      'yes',
      '',
      'not certain',
    ]);
  });

  test.each([
    [{ isRequired: true }, 'cuda'],
    [{ isRequired: false, status: 'failed' as const }, 'cuda'],
  ])('is bad where a runtime is %o', (change, name) => {
    const runtimes = verificationFixture.runtimes.map((row) => (row.status === 'absent' ? { ...row, ...change } : row));
    const { answer } = verificationReport({ ...verificationFixture, runtimes }, 'test');
    expect(answer).toMatchObject({ headline: 'Not the same answer', tone: 'bad' });
    expect(answer.sentences).toContain(`Not in order: ${name}.`);
  });

  test('is bad where a variant that was asked for by name is not certain', () => {
    const { answer } = verificationReport({ ...verificationFixture, holds: false }, 'test');
    expect(answer).toMatchObject({ headline: 'Not the same answer', tone: 'bad' });
    expect(answer.sentences).toContain('Not in order: cpu:int8.');
  });

  test('names every column', () => {
    const { sections } = verificationReport(verificationFixture, 'test');
    for (const { blocks } of sections)
      for (const block of blocks)
        if (block.kind === 'table') for (const { name } of block.columns) expect(name).not.toBe('');
  });
});

// `jepa foresee` as a person and a program call it.
import { describe, expect, test } from 'vitest';
import { describeComparison } from '../../../cli/text/foresight.ts';
import { jepaWith } from '../jepa.ts';

const jepa = jepaWith(['foresee']);

describe('jepa foresee', () => {
  test('says what dynamics alone leave free, and how few labels would save it', async () => {
    const { stdout, stderr, code } = await jepa('exogenous', '--auxiliary', 'none');
    expect([stderr, code]).toEqual(['', 0]);
    expect(stdout).toContain('exogenous, trained with dynamics alone: 81 states, 3,240 pairs');
    expect(stdout).toContain('signal         may vanish; exogenous, needed  <- needed, and not forced');
    expect(stdout).toContain('drift          may vanish; exogenous, not needed\n');
    expect(stdout).toMatch(
      /reward: needs 2,916 pairs apart; 2,916 of them may merge \(100\.0%\)\n {2}\d+ labels would/,
    );
  });

  test('prints the same as JSON', async () => {
    const { stdout, code } = await jepa('counting', '--set', 'environment.target=0', '--json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      environment: { name: 'counting', target: 0 },
      unit: 'states',
      auxiliaries: ['reward'],
      foresight: { pairs: 36, apart: 36, classes: 9, task: { needed: 36, lost: 0 } },
    });
    expect(report.foresight.byWordLength.at(-1)).toEqual({ length: 7, pairs: 1 });
  });

  test.each([
    [[], 'foresee: expected an environment or a recording, got none'],
    [['counting', '--against', 'x'], 'foresee: expected either a subject or --against, got both, counting and x'],
    [['counting', '--task', 'score'], '--task: expected what an environment is wanted for (reward, none), got "score"'],
    [['counting', '--factors', 'row'], '--factors: expected a recording, got counting'],
    [['--against', 'nowhere'], 'nowhere: expected the folder of a run or of an export'],
    [['--against', 'x', '--auxiliary', 'none'], '--auxiliary: expected a subject, got --against x'],
  ])('refuses %j in one line', async (argv, message) => {
    const { stdout, stderr, code } = await jepa(...argv);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([stdout, code]).toEqual(['', 2]);
  });
});

test('what happened is a table of pairs, and one of factors', () => {
  const text = describeComparison({
    run: 'a',
    rows: [
      { foreseen: 'apart', length: 0, pairs: 8, apart: 6, merged: 2, between: 0 },
      { foreseen: 'may merge', length: null, pairs: 2, apart: 0, merged: 1, between: 1 },
    ],
    factors: [{ name: 'hand', fate: 'kept', foreseen: 1, apart: 0.75 }],
    agreement: 0.8,
  });
  expect(text).toContain('| apart at once | 8 | 75.0% | 0.0% | 25.0% |');
  expect(text).toContain('| may merge | 2 | 0.0% | 50.0% | 50.0% |');
  expect(text).toContain('| hand | kept | 75.0% |');
  expect(text).toContain('80.0% of all pairs are as foreseen');
});

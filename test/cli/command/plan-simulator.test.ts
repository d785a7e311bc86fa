// `jepa plan` in a simulator, on a small run that was never trained: what it acts in, prints and refuses.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type NamedCode, permitCode } from '../../../src/machine/code-permission.ts';
import { type PlanRecord, planSchema } from '../../../src/planning/schema.ts';
import { writeSimulatedRun } from '../../simulation/simulated-run.ts';
import { type Ended, jepa } from '../jepa.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-plan-simulator-'));
const run = join(root, 'run');
const line = join(import.meta.dirname, '..', '..', 'simulation', 'line-module.ts');
const short = ['--episodes', '4', '--max-steps', '6', '--threads', '1', '--horizon', '6', '--no-record'];

/** The simulator as the runs name it: in two lengths. */
const own = [{}, { length: 40 }].map((options): NamedCode => ({ kind: 'simulator', name: line, options }));

beforeAll(async () => {
  for (const code of own) permitCode(code);
  await writeSimulatedRun(run, line, [{ kind: 'reward' }, { kind: 'column', column: 'terminations' }]);
  writeFileSync(join(root, 'place.json'), '[5, 0.5]');
  writeFileSync(join(root, 'long.json'), '[5, 0.5, 1]');
  const numbers = `observation: { kind: 'vector', size: 3 }, reset: () => [0, 0, 0]`;
  const step = `step: () => ({ observation: [0, 0, 0], reward: 0, isTerminal: false })`;
  const actions = `action: { kind: 'discrete', names: ['a', 'b'] }`;
  writeFileSync(join(root, 'wide.mjs'), `export const createSimulator = () => ({ ${numbers}, ${actions}, ${step} });`);
  writeFileSync(
    join(root, 'moved.mjs'),
    `export const createSimulator = () => ({ ${numbers}, ${step}, action: { kind: 'continuous', low: [0], high: [1] } });`,
  );
});
afterAll(() => rmSync(root, { recursive: true }));

function plan(...argv: string[]): Promise<Ended> {
  return jepa(['plan', ...argv, ...short, '--json'], { permitted: own });
}

async function planned(...argv: string[]): Promise<{ readonly record: PlanRecord; readonly stderr: string }> {
  const { code, stdout, stderr } = await plan(...argv);
  expect(code, stderr).toBe(0);
  return { record: planSchema.parse(JSON.parse(stdout)), stderr };
}

describe('jepa plan in a simulator', () => {
  test('acts where the run was recorded; its true dynamics reach the reward from everywhere', async () => {
    const { record, stderr } = await planned(run, '--planner', 'exhaustive');
    expect(record).toMatchObject({
      environment: { name: line },
      success: 'a reward of at least 1',
      fold: 'first-success',
      episodes: 4,
      meanFewestSteps: null,
      starts: [],
      baselines: { trueEnvironment: { successRate: 1, episodes: 4 } },
    });
    expect(record.gap?.successRate).toBe(1 - record.successRate);
    expect(stderr).toBe('');
  });

  test('an export by itself is told where, and without save and restore there is no true environment', async () => {
    const exported = join(root, 'export');
    cpSync(join(run, 'export'), exported, { recursive: true });
    const { record, stderr } = await planned(exported, '--in', line, '--option', 'keeps=false');
    expect(record).toMatchObject({ environment: { name: line, keeps: false }, gap: null });
    expect(record.baselines.trueEnvironment).toBeNull();
    expect(stderr).toBe(`jepa: ${line}: no comparison with the true environment: it has no save and restore\n`);
    const { record: asked, stderr: silent } = await planned(exported, '--in', line, '--no-true-environment');
    expect([asked.baselines.trueEnvironment, silent]).toEqual([null, '']);
  });

  test('the same seed gives the same, and the options of the recording are kept', async () => {
    const moved = join(root, 'longer');
    cpSync(run, moved, { recursive: true });
    const path = join(moved, 'simulation.json');
    const known = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...known, options: { length: 40 } }));
    const timeless = async () => {
      const { record } = await planned(moved, '--true-environment', '1');
      const { decisionMs, baselines, ...rest } = record;
      return { ...rest, successes: [baselines.random.successRate, baselines.trueEnvironment?.successRate] };
    };
    const first = await timeless();
    expect(first.environment).toEqual({ name: line, length: 40 });
    expect(await timeless()).toEqual(first);
  });

  test.each([
    [['--goal', 'avoid:terminations'], 'no end of the episode by itself', 'survival'],
    [['--goal', 'column:terminations', '--success', 'terminal'], 'the end of the episode', 'first-success'],
    [['--goal', 'state:5'], 'state 5', 'best'],
    [
      ['--goal', `observation:${join(root, 'place.json')}`, '--success', 'no-terminal'],
      'no end of the episode by itself',
      'sum',
    ],
    [['--success', 'return:0.5'], 'a return of at least 0.5', 'sum'],
    [['--success', 'reward:0.25'], 'a reward of at least 0.25', 'first-success'],
  ])('%j', async (flags, success, fold) => {
    const { record } = await planned(run, ...flags);
    expect(record).toMatchObject({ success, fold, baselines: { trueEnvironment: { episodes: 4 } } });
    // Whoever knows the dynamics and the score of six cells does what is asked; latents that were never trained say little.
    const isInLatents = /state|observation/.test(record.goal);
    expect(record.baselines.trueEnvironment?.successRate).toBeGreaterThanOrEqual(isInLatents ? 0 : 1);
  });

  test('success by return is more than the best of the random episodes, which never succeed then', async () => {
    const { record } = await planned(run, '--success', 'return');
    expect(record.success).toMatch(/^a return above \d, the best of as many random episodes$/);
    expect(record.baselines.random.successRate).toBe(0);
  });

  test.each([
    [['--in', join(root, 'wide.mjs')], /expected observations as in the run's recording, 2 numbers, got 3 numbers/],
    [['--in', join(root, 'moved.mjs')], /expected actions as in the run's recording, 2 choices, got 1 numbers/],
    [['--in', './none.ts'], /simulator \.\/none\.ts: expected a module, got nothing there/],
    [['--in', 'countin'], /simulator: expected a module .*got "countin"/],
    [
      ['--goal', 'column:left'],
      /--goal column:left: expected a run with the auxiliary column:left, got reward, column:terminations/,
    ],
    [['--goal', 'avoid:rewards', '--fold', 'sum'], /--fold: expected survival for an event to avoid, got "sum"/],
    [['--goal', 'state:left'], /--goal: expected the number of a state, as stateId gives it, got "left"/],
    [['--goal', 'state:77'], /expected a state that random actions reach in 200 episodes, got state:77/],
    [['--goal', 'goal.png'], /--goal: expected reward, .* got "goal\.png", which cannot be read/],
    [['--success', 'return:much'], /--success: expected reward, reward:NUMBER, .*got "return:much"/],
  ])('%j is refused in one line as a usage error', async (flags, message) => {
    const { code, stdout, stderr } = await plan(run, ...flags);
    expect(stderr).toMatch(message);
    expect([code, stdout, stderr.trimEnd().split('\n').length]).toEqual([2, '', 1]);
  });

  test('a simulator that only the folder names does not run, and is shown', async () => {
    const received = join(root, 'received');
    cpSync(run, received, { recursive: true });
    const path = join(received, 'simulation.json');
    const known = JSON.parse(readFileSync(path, 'utf8'));
    const marker = join(root, 'it-ran');
    const theirs = join(received, 'theirs.mjs');
    writeFileSync(theirs, `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(marker)}, '');`);
    for (const simulator of [theirs, 'gym:their_package:Env-v0']) {
      writeFileSync(path, JSON.stringify({ ...known, simulator }));
      expect((await plan(received)).stderr).toContain(
        `simulator ${simulator}: expected your permission to run it, which ${received} names, got none`,
      );
    }
    expect(existsSync(marker)).toBe(false);
    // Named by the user, it runs (and is no simulator).
    expect((await plan(received, '--in', theirs)).stderr).toContain('expected an exported function createSimulator');
    expect(existsSync(marker)).toBe(true);
  });

  test('a simulator that was moved is asked for', async () => {
    const moved = join(root, 'moved');
    cpSync(run, moved, { recursive: true });
    const path = join(moved, 'simulation.json');
    const known = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...known, simulator: './gone.ts' }));
    expect((await plan(moved)).stderr).toContain(`${moved}: expected its simulator at ./gone.ts, got nothing there`);
    writeFileSync(path, JSON.stringify({ ...known, maximalSteps: 'all' }));
    expect((await plan(moved)).stderr).toContain('expected what a run keeps of its simulator, got maximalSteps: ');
  });

  test('a run of a recording that knows no simulator says how to name one', async () => {
    const exported = join(run, 'export');
    expect((await plan(exported)).stderr).toContain(
      `${exported}: expected a run that knows its simulator, got one of the recording recording.npz`,
    );
    expect((await plan(run, '--goal', `observation:${join(root, 'long.json')}`)).stderr).toContain(
      'expected a JSON array of 2 numbers, got 3 numbers',
    );
  });
});

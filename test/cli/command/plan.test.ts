// `jepa plan` on a small run that was never trained: what it prints, writes and refuses.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEnvironment } from '../../../src/environments/index.ts';
import { planSchema } from '../../../src/planning/schema.ts';
import { randomFor } from '../../../src/random.ts';
import { fixtureLatentSize, writeRunFixture } from '../../evaluation/run-fixture.ts';
import { jepaWith } from '../jepa.ts';

const plan = jepaWith(['plan']);
const root = mkdtempSync(join(tmpdir(), 'jepa-plan-cli-'));
const run = join(root, 'run');
const image = join(root, 'goal.png');
const latent = join(root, 'latent.json');
const short = ['--episodes', '8', '--threads', '1'];

beforeAll(async () => {
  await writeRunFixture(run);
  const pixels = new Uint8Array(64 * 64 * 3);
  const environment = createEnvironment('counting');
  const random = randomFor('goal');
  environment.render(7, environment.drawAppearance(random), random, pixels);
  writeFileSync(image, encode({ width: 64, height: 64, channels: 3, data: pixels }));
  writeFileSync(join(root, 'small.png'), encode({ width: 8, height: 8, channels: 3, data: new Uint8Array(192) }));
  writeFileSync(latent, JSON.stringify(new Array(fixtureLatentSize).fill(0.5)));
  writeFileSync(join(root, 'long.json'), JSON.stringify(new Array(fixtureLatentSize + 1).fill(0.5)));
});
afterAll(() => rmSync(root, { recursive: true }));

describe('jepa plan', () => {
  test('prints a table with both baselines, and writes plan.json beside the models', async () => {
    const { code, stdout, stderr } = await plan(run, ...short, '--planner', 'exhaustive', '--horizon', '4');
    expect(stderr).toContain('plan.json: the record');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^run: 8 episodes of counting, goal reward, success: the highest reward$/m);
    expect(stdout).toMatch(/^planner exhaustive: horizon 4, levels 5; 30 latents a decision$/m);
    expect(stdout).toMatch(/^planned in the true environment +100\.0% +1\.000 +2\.50 /m);
    const record = planSchema.parse(JSON.parse(readFileSync(join(run, 'plan.json'), 'utf8')));
    expect(record.planner).toEqual({ name: 'exhaustive', options: { horizon: 4, levels: 5 } });
    expect(record.maxSteps).toBe(8);
    expect(record.meanFewestSteps).toBe(2.5);
    expect(record.gap?.successRate).toBe(1 - record.successRate);
    expect(record.starts.map(({ state }) => state)).toEqual(['0', '1', '2', '3', '5', '6', '7', '8']);
  });

  test('--json prints the record alone, the same from the same seed but for times; --no-record writes nothing', async () => {
    const exported = join(run, 'export');
    const flags = [...short, '--json', '--no-record', '--planner', 'cem', '--samples', '16', '--iterations', '2'];
    const parse = (text: string) => {
      const { decisionMs, baselines, ...record } = planSchema.parse(JSON.parse(text));
      expect(decisionMs).toBeGreaterThan(0);
      return { ...record, random: { ...baselines.random, decisionMs: 0 } };
    };
    const first = await plan(exported, ...flags);
    expect(parse((await plan(exported, ...flags)).stdout)).toEqual(parse(first.stdout));
    // A slow machine is told how far it is.
    expect(first.stderr.replace(/^.*: \d+ of \d+ episodes\n/gm, '')).toBe('');
    expect(existsSync(join(exported, 'plan.json'))).toBe(false);
  });

  test.each([
    ['state:7', [], 'state 7'],
    [image, ['--success', 'state:7'], 'state 7'],
    [`latent:${latent}`, ['--open-loop'], 'the highest reward'],
  ])('--goal %s', async (goal, flags, success) => {
    const { stdout } = await plan(
      run,
      ...['--episodes', '2', '--max-steps', '2', '--threads', '1', '--json', '--goal', goal, ...flags],
    );
    const record = planSchema.parse(JSON.parse(stdout));
    expect(record).toMatchObject({ goal, success, fold: 'best', actionsTaken: flags[0] === '--open-loop' ? null : 1 });
  });

  test.each([
    [['--planner', 'icm'], /planner: expected the name of a planner .*got "icm"\. Did you mean "icem"\?/],
    [['--runtime', 'cpi'], /--runtime: .*got "cpi"\. Did you mean "cpu"\?/],
    [['--goal', 'rewad'], /--goal: expected reward, .* or the file of an image, got "rewad"/],
    [['--goal', 'column:x'], /--goal column:x: expected a run with the auxiliary column:x, got reward/],
    [['--goal', `observation:${latent}`], /--goal observation:.*: expected a run on numbers, got one on images/],
    [['--success', 'return'], /--success: expected reward or state:NAME in the environment counting, got "return"/],
    [['--option', 'length=3'], /--option: expected a run of a recording, got one of the environment counting/],
    [['--in', 'gym:CartPole-v1'], /--in: expected a run of a recording, got one of the environment counting/],
    [['--goal', 'state:9'], /--goal: expected the name of a state of counting, such as "0", got "9"/],
    [['--goal', join(root, 'small.png')], /expected an image of 64 x 64 pixels, got 8 x 8/],
    [['--success', 'latent:x'], /--success: expected reward, reward:NUMBER, .*got "latent:x"/],
    [['--fold', 'first'], /--fold: expected how scores are taken together .*got "first"/],
    [
      ['--goal', 'state:7', '--fold', 'first-success'],
      /--fold: expected best or sum for a goal that is a latent, got "first-success"/,
    ],
    [['--fold', 'survival'], /survival: expected an event to avoid, got a reward/],
    [['--planner', 'exhaustive', '--horizon', '20'], /expected at most 65536 action words, got 2\^20 = 1048576/],
    [['--planner', 'exhaustive', '--iterations', '2'], /planner exhaustive: expected a known key, got "iterations"/],
    [['--set', 'elites'], /--set: expected key=number, got "elites"/],
    [['--set', 'elites=2'], /planner cem: elites: .*got 2/],
    [['--discount', '0'], /--discount: expected a number above 0 and at most 1, got "0"/],
    [['--open-loop', '--replan', '2'], /--open-loop: expected no --replan beside it, got 2/],
    [['--episodes', '0'], /--episodes: expected a whole number of at least 1, got "0"/],
  ])('%j is refused in one line as a usage error', async (flags, message) => {
    const { code, stdout, stderr } = await plan(run, ...short, ...flags);
    expect(stderr).toMatch(message);
    expect([code, stdout, stderr.trimEnd().split('\n').length]).toEqual([2, '', 1]);
  });

  test('a latent of another size is a failure of the file', async () => {
    const wanted = `expected a JSON array of ${fixtureLatentSize} numbers, got ${fixtureLatentSize + 1} numbers`;
    const { code, stderr } = await plan(run, ...short, '--goal', `latent:${join(root, 'long.json')}`);
    expect(stderr).toContain(wanted);
    expect(code).toBe(1);
  });
});

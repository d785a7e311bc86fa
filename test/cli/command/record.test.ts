// `jepa new environment`, `jepa record`, and `jepa train` of a simulator, as commands: what they print, write and exit with.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const bin = join(import.meta.dirname, '..', '..', '..', 'bin', 'jepa.js');

function jepaIn(folder: string) {
  return (...argv: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...argv], { cwd: folder, encoding: 'utf8' });
    return { status, stdout, stderr };
  };
}

describe('jepa new environment', () => {
  test('writes a module that jepa record takes: the same bytes from the same seed, and nothing is replaced', () => {
    const folder = temporaryFolder();
    const jepa = jepaIn(folder);
    const { status, stdout } = jepa('new', 'environment', 'my-env');
    expect([status, stdout]).toEqual([
      0,
      `my-env.ts: a world that runs as it is. Next:
  jepa train ./my-env.ts --out runs/a
  jepa export runs/a
  jepa evaluate runs/a
  jepa plan runs/a
`,
    ]);
    const text = readFileSync(join(folder, 'my-env.ts'), 'utf8');
    expect(text.trim().split('\n').length).toBeLessThan(80);
    expect(jepa('new', 'environment', 'my-env.ts')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'jepa: new environment: expected a path that is free, got my-env.ts, which exists. Choose another name, or remove this one first.\n',
    });
    const record = (out: string, ...more: string[]) =>
      jepa('record', './my-env.ts', '--episodes', '4', '--steps', '40', '--out', out, ...more);
    expect(record('a.npz').stdout).toBe('To train on it: jepa train --data a.npz --map state=state --out runs/a\n');
    expect(JSON.parse(record('b.npz', '--json').stdout)).toMatchObject({
      episodes: 4,
      steps: 160,
      seed: 0,
      options: {},
    });
    record('c.npz', '--seed', '1');
    record('d.npz', '--option', 'slippery=0.5');
    const bytes = ['a', 'b', 'c', 'd'].map((name) => readFileSync(join(folder, `${name}.npz`)));
    expect(bytes[1].equals(bytes[0])).toBe(true);
    expect(bytes[2].equals(bytes[0])).toBe(false);
    expect(bytes[3].equals(bytes[0])).toBe(false);
  });
});

describe('jepa record and jepa train', () => {
  test('say of a simulator that does not keep to its seed that nobody can make its recording again', () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'env.mjs'),
      `let count = 0;
      export const createSimulator = () => ({
        observation: { kind: 'vector', size: 1 }, action: { kind: 'discrete', names: ['a', 'b'] },
        reset: () => [count++], step: () => ({ observation: [count++], reward: 0, isTerminal: false }),
      });`,
    );
    const { status, stderr } = jepaIn(folder)('record', './env.mjs', '--episodes', '2');
    expect(status).toBe(0);
    expect(stderr).toMatch(/^jepa: \.\/env\.mjs: the same seed and actions gave another observation after reset: /);
    expect(existsSync(join(folder, 'recording.npz'))).toBe(true);
  });

  test.each([
    [['record', 'counting'], /simulator: expected a module \(.*\) or gym:ENVIRONMENT, got "counting"/],
    [['record', './none.ts'], /simulator \.\/none\.ts: expected a module, got nothing there/],
    [['record', './none.ts', '--out', 'a.zip'], /a\.zip: expected a name that ends with \.npz/],
    [['record', './none.ts', '--out', 'taken.npz'], /--out: expected a path that is free, got taken\.npz/],
    [['record', './none.ts', '--action-persistence', '1'], /--action-persistence: expected a number below 1, got "1"/],
    [['record', './none.ts', '--option', 'fast'], /--option: expected key=value, got "fast"/],
    [['record', './none.ts', '--render'], /expected --render, --python and --lanes with gym:ENVIRONMENT alone/],
    [['train', './none.ts', '--out', 'fresh'], /simulator \.\/none\.ts: expected a module, got nothing there/],
    [['train', './none.ts', '--out', 'fresh', '--set', 'optimization.step=3'], /got "step"\. Did you mean "steps"\?/],
    [['train', './none.ts', '--out', 'fresh', '--map', 'action=a'], /--map: expected a recording with --data, got/],
    [['train', 'counting', '--out', 'fresh', '--episodes', '3'], /--episodes: expected a simulator .* got counting/],
    [['train', '--resume', 'fresh', '--episodes', '3'], /expected the configuration of the run itself, got --episodes/],
  ])('%j is refused in one line, and nothing is written', (argv, message) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'taken.npz'), 'mine');
    const { status, stdout, stderr } = jepaIn(folder)(...argv);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([status, stdout]).toEqual([2, '']);
    expect(readdirSync(folder)).toEqual(['taken.npz']);
  });

  test('a Python that is missing is told with what to do', () => {
    const { status, stderr } = jepaIn(temporaryFolder())('record', 'gym:CartPole-v1', '--python', '/nowhere/python');
    expect([status, stderr]).toEqual([
      1,
      'jepa: gym:CartPole-v1: expected Python, got no program "/nowhere/python". Install Python 3, or name the one you have: --python PATH, or JEPA_PYTHON.\n',
    ]);
  });

  test('a recording that lies in the folder of the run is not written over', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'recording.npz'), 'mine');
    const { status, stderr } = jepaIn(folder)('train', './none.ts', '--out', '.');
    expect(status).toBe(2);
    expect(stderr).toMatch(/expected a new folder, got one with recording\.npz/);
    expect(readFileSync(join(folder, 'recording.npz'), 'utf8')).toBe('mine');
  });

  // While it records nothing is on disk, and a module that never comes back can be ended; a simulator is disposed after its
  // recording was written, and before the run begins.
  test.each(['reset', 'dispose'])('Ctrl-C at %s leaves no folder of a run that was not begun', (moment) => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'env.mjs'),
      `const interrupt = (moment) => {
         if (moment === '${moment}') process.kill(process.pid, 'SIGINT');
         return new Promise((done) => setTimeout(done, 1));
       };
       export const createSimulator = () => ({
         observation: { kind: 'vector', size: 1 }, action: { kind: 'discrete', names: ['a', 'b'] },
         reset: async () => { await interrupt('reset'); return [0]; },
         step: (action) => ({ observation: [action], reward: action, isTerminal: false }),
         dispose: () => interrupt('dispose'),
       });`,
    );
    const { status, stderr } = spawnSync(
      process.execPath,
      [bin, 'train', './env.mjs', '--episodes', '3', '--episode-steps', '40', '--out', 'runs/a'],
      { cwd: folder, encoding: 'utf8' },
    );
    expect(status, stderr).toBe(130);
    expect(readdirSync(folder)).toEqual(['env.mjs']);
  });
});

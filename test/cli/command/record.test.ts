// `jepa new environment`, `jepa record`, and `jepa train` of a simulator, as commands: what they print, write and exit with.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { jepaWith } from '../jepa.ts';
import { startJepa } from '../start-jepa.ts';

const jepaIn = (folder: string) => jepaWith([], { cwd: folder });

describe('jepa new environment', () => {
  test('writes a module that jepa record takes: the same bytes from the same seed, and nothing is replaced', async () => {
    const folder = temporaryFolder();
    const jepa = jepaIn(folder);
    const { code, stdout } = await jepa('new', 'environment', 'my-env');
    expect([code, stdout]).toEqual([
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
    expect(await jepa('new', 'environment', 'my-env.ts')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'jepa: new environment: expected a path that is free, got my-env.ts, which exists. Choose another name, or remove this one first.\n',
    });
    const record = (out: string, ...more: string[]) =>
      jepa('record', './my-env.ts', '--episodes', '4', '--steps', '40', '--out', out, ...more);
    expect((await record('a.npz')).stdout).toBe(
      'To train on it: jepa train --data a.npz --map state=state --out runs/a\n',
    );
    expect(JSON.parse((await record('b.npz', '--json')).stdout)).toMatchObject({
      episodes: 4,
      steps: 160,
      seed: 0,
      options: {},
    });
    await record('c.npz', '--seed', '1');
    await record('d.npz', '--option', 'slippery=0.5');
    const bytes = ['a', 'b', 'c', 'd'].map((name) => readFileSync(join(folder, `${name}.npz`)));
    expect(bytes[1].equals(bytes[0])).toBe(true);
    expect(bytes[2].equals(bytes[0])).toBe(false);
    expect(bytes[3].equals(bytes[0])).toBe(false);
  });
});

describe('jepa record and jepa train', () => {
  test('say of a simulator that does not keep to its seed that nobody can make its recording again', async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'env.mjs'),
      `let count = 0;
      export const createSimulator = () => ({
        observation: { kind: 'vector', size: 1 }, action: { kind: 'discrete', names: ['a', 'b'] },
        reset: () => [count++], step: () => ({ observation: [count++], reward: 0, isTerminal: false }),
      });`,
    );
    const { code, stderr } = await jepaIn(folder)('record', './env.mjs', '--episodes', '2');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^jepa: \.\/env\.mjs: the same seed and actions gave another observation after reset: /);
    expect(existsSync(join(folder, 'recording.npz'))).toBe(true);
  });

  test.each([
    [['record', 'countin'], /simulator: expected a module \(.*\), gym:ENVIRONMENT or counting, .*, got "countin"/],
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
  ])('%j is refused in one line, and nothing is written', async (argv, message) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'taken.npz'), 'mine');
    const { code, stdout, stderr } = await jepaIn(folder)(...argv);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([code, stdout]).toEqual([2, '']);
    expect(readdirSync(folder)).toEqual(['taken.npz']);
  });

  test('a Python that is missing is told with what to do', async () => {
    const { code, stderr } = await jepaIn(temporaryFolder())(
      'record',
      'gym:CartPole-v1',
      '--python',
      '/nowhere/python',
    );
    expect([code, stderr]).toEqual([
      1,
      'jepa: gym:CartPole-v1: expected Python, got no program "/nowhere/python". Install Python 3, or name the one you have: --python PATH, or JEPA_PYTHON.\n',
    ]);
  });

  test('a recording that lies in the folder of the run is not written over', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'recording.npz'), 'mine');
    const { code, stderr } = await jepaIn(folder)('train', './none.ts', '--out', '.');
    expect(code).toBe(2);
    expect(stderr).toMatch(/expected a new folder, got one with recording\.npz/);
    expect(readFileSync(join(folder, 'recording.npz'), 'utf8')).toBe('mine');
  });

  // While it records nothing is on disk, and a module that never comes back can be ended; a simulator is disposed after its
  // recording was written, and before the run begins.
  test.each(['reset', 'dispose'])('Ctrl-C at %s leaves no folder of a run that was not begun', async (moment) => {
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
    const argv = ['train', './env.mjs', '--episodes', '3', '--episode-steps', '40', '--out', 'runs/a'];
    const { code, stderr } = await startJepa(argv, { cwd: folder });
    expect(code, stderr).toBe(130);
    expect(readdirSync(folder)).toEqual(['env.mjs']);
  });
});

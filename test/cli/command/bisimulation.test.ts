// `jepa bisimulation` as a person and a program call it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { auxiliaryNames } from '../../../src/auxiliary/index.ts';
import { writeNpz } from '../../../src/data/writers/npz.ts';
import { environmentNames } from '../../../src/environments/index.ts';
import { walk } from '../../bisimulation/walk.ts';
import { jepaWith } from '../jepa.ts';

const jepa = jepaWith(['bisimulation']);

describe('jepa bisimulation', () => {
  test('prints classes with their examples, and the word of a pair', async () => {
    const { stdout, stderr, code } = await jepa('counting', '--set', 'environment.target=0', '--pair', '7,8');
    expect([stderr, code]).toEqual(['', 0]);
    expect(stdout).toContain('9 bisimulation classes');
    expect(stdout).toContain('7 and 8: after -1 -1 -1 -1 -1 -1 -1 at 0 and 1, the auxiliary differs by 1.000');
  });

  test('prints the same as JSON', async () => {
    const { stdout, code } = await jepa('rooms', '--json', '--pair', 'r0c0 cloud 0,0', '--metric', '0.5');
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      environment: { name: 'rooms', roomSize: 3 },
      auxiliaries: ['reward'],
      kind: 'complete',
      states: 320,
      pairs: [{ verdict: 'bisimilar', word: null, distance: 0 }],
    });
    expect(report.classes).toHaveLength(40);
    expect(report.classes[1]).toEqual({ size: 8, example: { state: 8, name: 'r0c1 cloud 0' } });
    expect(report.words).toHaveLength((40 * 39) / 2);
    expect(report.metric.distances).toHaveLength(40);
  });

  test('samples images where the auxiliary is of the pixels, and finds each its own class', async () => {
    const { stdout, code } = await jepa(
      'rooms',
      '--set',
      'auxiliary=[{"kind":"random-projection","size":4,"samples":8}]',
      '--observations',
      '20',
      '--json',
    );
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ kind: 'observed', states: 20, omittedTransitions: 0 });
    expect(report.classes).toHaveLength(20);
  });

  test('tells what a recording guarantees', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jepa-onnx-bisimulation-'));
    try {
      const path = join(folder, 'walk.npz');
      await writeNpz(walk, path);
      const { stdout, stderr, code } = await jepa(path, '--map', 'state=cell', '--pair', '0,2', '--pair', '2,3');
      expect([stderr, code]).toEqual(['', 0]);
      expect(stdout).toContain(`${path} with auxiliary reward: 4 observations, 2 actions (0, 1)`);
      expect(stdout).toContain('0 and 2: after 1 at 1 and 3, the auxiliary differs by 1.000');
      expect(stdout).toContain('2 and 3: the auxiliary differs by 1.000 at once');
      const refused = await jepa(path, '--map', 'state=cell', '--seed', '1');
      expect([refused.stderr, refused.code]).toEqual([`jepa: --seed: expected an environment, got ${path}\n`, 2]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('lists all environments and all auxiliaries of environments in its help', async () => {
    const { stdout } = await jepa('--help');
    expect(stdout).toContain(`Environments: ${environmentNames.join(', ')}\n`);
    const known = auxiliaryNames.filter((name) => name !== 'column');
    expect(stdout).toContain(`Auxiliaries:  ${known.join(', ')}\n`);
  });

  test.each([
    [['counting', '--pair', '3'], '--pair: expected two states with a comma between them, got "3"'],
    [['counting', '--pair', '3,9'], '--pair: expected the name of a state, such as "0", got "9"'],
    [['rooms', '--pair', 'r9c9,1'], 'such as "r0c0 cloud 0", or a number below 320, got "r9c9"'],
    [['counting', '--map', 'state=s'], '--map: expected a recording, got counting'],
    [['counting', '--tolerance', 'x'], '--tolerance: expected a number of at least 0, got "x"'],
    [['counting', '--set', 'environment.taget=1'], 'got "taget". Did you mean "target"?'],
    [
      ['counting', '--auxiliary', 'random-projection', '--pair', '1,2'],
      '--pair: expected auxiliaries of the state, got one of the pixels',
    ],
  ])('refuses %j in one line', async (argv, message) => {
    const { stdout, stderr, code } = await jepa(...argv);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([stdout, code]).toEqual(['', 2]);
  });
});

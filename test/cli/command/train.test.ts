// What `jepa train` answers to wrong arguments: one line, the remedy, exit code 2, nothing written.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fixture } from '../../data/small-recording.ts';
import { jepa } from '../jepa.ts';

const folder = mkdtempSync(join(tmpdir(), 'jepa-onnx-train-'));
const fresh = join(folder, 'fresh');
const occupied = join(folder, 'occupied');
const run = join(folder, 'run');
mkdirSync(occupied);
writeFileSync(join(occupied, 'thesis.txt'), 'mine');
mkdirSync(run);
writeFileSync(join(run, 'config.json'), '{}');
writeFileSync(join(folder, 'bad.yaml'), 'a: [');
writeFileSync(join(folder, 'list.yaml'), '- 1');
writeFileSync(join(folder, 'empty.yaml'), 'seed: 1');
const recording = fixture('stored.npz');

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const cases: readonly { readonly argv: readonly string[]; readonly message: RegExp }[] = [
  { argv: ['train'], message: /expected an environment, got none\. For example: jepa train counting/ },
  { argv: ['train', 'counting'], message: /expected --out, got none/ },
  {
    argv: ['train', 'countin', '--out', fresh],
    message: /expected the name of an environment .* got "countin"\. Did you mean "counting"\?/,
  },
  { argv: ['train', 'counting', '--out', fresh, '--preset', 'smal'], message: /got "smal"\. Did you mean "small"\?/ },
  {
    argv: ['train', 'counting', '--out', fresh, '--auxiliary', 'rewrad'],
    message: /got "rewrad"\. Did you mean "reward"\?/,
  },
  {
    argv: ['train', 'counting', '--out', fresh, '--seed', '-1'],
    message: /--seed: expected a whole number of at least 0, got "-1"/,
  },
  { argv: ['train', 'counting', '--out', fresh, '--set', 'steps'], message: /--set: expected key=value, got "steps"/ },
  {
    argv: ['train', 'counting', '--out', fresh, '--set', 'optimization.step=3'],
    message: /got "step"\. Did you mean "steps"\?/,
  },
  {
    argv: ['train', 'counting', '--out', fresh, '--set', 'optimisation.steps=3'],
    message: /"optimisation" to be a group of keys/,
  },
  {
    argv: ['train', 'counting', '--out', fresh, '--set', 'optimization.steps=0'],
    message: /optimization\.steps: too small.*got 0/,
  },
  {
    argv: ['train', 'counting', '--out', fresh, '--set', 'collapse.patients=3'],
    message: /expected a known key in collapse, got "patients"\. Did you mean "patience"\?/,
  },
  {
    argv: ['train', 'counting', '--out', fresh, '--set', 'collapse.measure=accuracy'],
    message: /collapse\.below: expected the threshold of accuracy, got nothing/,
  },
  {
    argv: ['train', 'counting', '--out', fresh, '--set', 'collapse.below=2'],
    message: /collapse\.below: expected a share of the first step, below 1, got 2/,
  },
  {
    argv: ['train', 'counting', '--out', fresh, '--set', 'environment.taget=3'],
    message: /got "taget"\. Did you mean "target"\?/,
  },
  {
    argv: ['train', 'counting', '--out', fresh, '--config', join(folder, 'none.yaml')],
    message: /none\.yaml: expected a readable file/,
  },
  {
    argv: ['train', 'counting', '--out', fresh, '--config', join(folder, 'bad.yaml')],
    message: /expected YAML or JSON/,
  },
  {
    argv: ['train', 'counting', '--out', fresh, '--config', join(folder, 'list.yaml')],
    message: /expected keys with values, got \[1\]/,
  },
  {
    argv: ['train', 'counting', '--out', occupied],
    message: /expected a new or empty folder, got one with files in it\. Choose another --out/,
  },
  {
    argv: ['train', 'counting', '--out', run],
    message: /already holds a run\. Choose another --out, or go on with it/,
  },
  {
    argv: ['train', 'counting', '--data', 'episodes.npz', '--out', fresh],
    message: /expected an environment or --data, got both, counting and episodes\.npz/,
  },
  {
    argv: ['train', 'counting', '--image-size', '8x8', '--out', fresh],
    message: /--image-size: expected a recording with --data, got the environment counting/,
  },
  {
    argv: ['train', '--config', join(folder, 'empty.yaml'), '--out', fresh],
    message:
      /expected either "environment" or "recording", got neither\. Name an environment, or a recording with --data/,
  },
  {
    argv: ['train', '--data', join(folder, 'none.npz'), '--out', fresh],
    message: /none\.npz: expected a file or a folder, got nothing there/,
  },
  {
    argv: ['train', '--data', recording, '--map', 'observation=pixel', '--out', fresh],
    message: /expected a column for observation .* got "pixel"/,
  },
  {
    argv: ['train', '--data', recording, '--map', 'picture=observations', '--out', fresh],
    message: /--map: expected a part .* got "picture"/,
  },
  {
    argv: ['train', '--data', recording, '--auxiliary', 'column:mood', '--set', 'recording.stacks=2', '--out', fresh],
    message: /got "stacks"\. Did you mean "stack"\?/,
  },
  {
    argv: ['train', '--data', recording, '--set', 'environment.target=3', '--out', fresh],
    message: /"environment" to be a group of keys/,
  },
  { argv: ['train', '--resume', join(folder, 'nowhere')], message: /expected the folder of a run, got no such folder/ },
  { argv: ['train', '--resume', occupied], message: /got a folder without config\.json/ },
  {
    argv: ['train', '--resume', run, '--seed', '1'],
    message: /expected the configuration of the run itself, got --seed beside it/,
  },
];

describe('jepa train', () => {
  test.each(cases)('refuses $argv in one line', async ({ argv, message }) => {
    const { code, stderr, stdout } = await jepa(argv);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
    expect(existsSync(fresh)).toBe(false);
  });
});

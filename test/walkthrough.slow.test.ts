// The walkthroughs of docs/walkthroughs, executed as they are written: the Python block, where there is one, as record.py, the
// indented commands, the commands of the sh block.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { evaluationSchema } from '../src/evaluation/schema/evaluation.ts';
import { planSchema } from '../src/planning/schema.ts';
import { readExportDescription } from '../src/storage/export-description.ts';
import { findPython } from './python/python.ts';
import { temporaryFolder } from './storage/temporary-folder.ts';

const root = join(import.meta.dirname, '..');

interface Walkthrough {
  /** Empty where the page has none. */
  readonly script: string;
  /** Indented by four spaces: making and inspecting the data. */
  readonly preparation: readonly string[];
  /** The sh block: from the data to the evaluation. */
  readonly commands: readonly string[];
}

function readWalkthrough(name: string): Walkthrough {
  const text = readFileSync(join(root, 'docs/walkthroughs', name), 'utf8');
  const blockOf = (language: string) => {
    const block = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(text);
    return block?.[1] ?? '';
  };
  const outside = text.replaceAll(/^```.*?^```$/gms, '');
  return {
    script: blockOf('python'),
    preparation: [...outside.matchAll(/^ {4}(.+)$/gm)].map(([, command]) => command),
    commands: blockOf('sh').trim().split('\n'),
  };
}

/** A folder with record.py, and with `jepa` and `python` as commands. */
function workingFolder(script: string, python: string): { readonly folder: string; run(command: string): string } {
  const folder = temporaryFolder();
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(folder, 'record.py'), script);
  const commands = {
    jepa: `exec "${process.execPath}" "${join(root, 'bin/jepa.js')}" "$@"`,
    python: `exec "${python}" "$@"`,
  };
  for (const [name, line] of Object.entries(commands)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return {
    folder,
    run(command) {
      const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, JEPA_PYTHON: python },
      });
      expect(status, `${command}\n${stderr}`).toBe(0);
      return stdout;
    },
  };
}

function planOf(folder: string, run: string) {
  return planSchema.parse(JSON.parse(readFileSync(join(folder, run, 'plan.json'), 'utf8')));
}

function evaluationOf(folder: string, run: string) {
  return evaluationSchema.parse(JSON.parse(readFileSync(join(folder, run, 'evaluation.json'), 'utf8')));
}

const numpy = findPython('numpy');
const cartPole = findPython('gymnasium', 'pygame');
const gymnasium = findPython('minari', 'gymnasium', 'jax');

describe('docs/walkthroughs', () => {
  test.skipIf(numpy === undefined)('npz.md: seven cells, every pair of them guaranteed apart, and distinct', () => {
    const { script, preparation, commands } = readWalkthrough('npz.md');
    expect(commands).toHaveLength(3);
    const { folder, run } = workingFolder(script, numpy ?? '');
    const inspection = preparation.map(run).at(-1);
    // Its last line is the command of the page, up to the number of steps.
    const trainingCommand = inspection?.trim().split('\n').at(-1)?.replace('To train on it: ', '');
    expect(commands[0].replace(/ --set .*/, '')).toBe(trainingCommand?.replace('runs/a', 'runs/corridor'));
    for (const command of commands) run(command);
    const { classes, runtimes } = evaluationOf(folder, 'runs/corridor');
    expect(classes.of).toBe('observed');
    expect(classes.names).toEqual(Array.from({ length: 7 }, (_, cell) => `cell ${cell}`));
    expect(classes.claim).toContain('100% of the pairs of states in different classes');
    expect(runtimes[0].verdict).toBe('distinct');
    expect(readExportDescription(join(folder, 'runs/corridor/export')).encoder.input).toMatchObject({
      ...{ type: 'uint8', height: 32, width: 32, channels: 3 },
    });
  });

  test.skipIf(gymnasium === undefined)('minari.md: the latents of CartPole foretell, by a random projection', () => {
    const { script, preparation, commands } = readWalkthrough('minari.md');
    expect(commands).toHaveLength(3);
    const { folder, run } = workingFolder(script, gymnasium ?? '');
    for (const command of [...preparation, ...commands]) run(command);
    const { classes, auxiliaries, runtimes } = evaluationOf(folder, 'runs/cartpole');
    expect(auxiliaries).toEqual(['random-projection']);
    expect(classes).toMatchObject({ of: 'quantiles' });
    expect(classes.names).toHaveLength(4);
    // Better by far than to foretell the mean latent.
    expect(runtimes[0].relativeDynamicsResidual).toBeLessThan(0.1);
    expect(readExportDescription(join(folder, 'runs/cartpole/export')).encoder.input).toEqual({
      ...{ name: 'observation', layout: 'flat', type: 'float32', size: 4 },
    });
    expect(existsSync(join(folder, 'runs/cartpole/report.html'))).toBe(true);
  });

  test('own-environment.md: a world as it is written has twenty-five states, every pair guaranteed apart', () => {
    const { preparation, commands } = readWalkthrough('own-environment.md');
    expect(commands).toHaveLength(4);
    const { folder, run } = workingFolder('', '');
    for (const command of [...preparation, ...commands]) run(command);
    const { classes, auxiliaries, runtimes } = evaluationOf(folder, 'runs/field');
    expect(auxiliaries).toEqual(['reward', 'random-projection']);
    expect(classes.of).toBe('observed');
    expect(classes.names).toHaveLength(25);
    expect(classes.claim).toContain('100% of the pairs of states in different classes');
    expect(runtimes[0].relativeDynamicsResidual).toBeLessThan(0.5);
    const { successRate, baselines } = planOf(folder, 'runs/field');
    expect(successRate).toBeGreaterThanOrEqual(0.9);
    expect(baselines.random.successRate).toBeLessThan(0.5);
    expect(baselines.trueEnvironment?.successRate).toBe(1);
    // The folder holds its recording: it goes on from wherever it is.
    renameSync(join(folder, 'runs/field'), join(folder, 'moved'));
    run('jepa train --resume moved');
  });

  test.skipIf(cartPole === undefined)(
    'gymnasium.md: the latents of CartPole foretell, the pole is kept up, and frames are recorded',
    () => {
      const { preparation, commands } = readWalkthrough('gymnasium.md');
      expect(commands).toHaveLength(4);
      const { folder, run } = workingFolder('', cartPole ?? '');
      for (const command of [...commands, ...preparation]) run(command);
      const { classes, auxiliaries, runtimes } = evaluationOf(folder, 'runs/cartpole');
      expect(auxiliaries).toEqual(['terminations', 'random-projection']);
      expect(classes).toMatchObject({ of: 'quantiles', names: ['terminations 0', 'terminations 1'] });
      // Better by far than to foretell the mean latent.
      expect(runtimes[0].relativeDynamicsResidual).toBeLessThan(0.1);
      const { successRate, meanReturn, baselines } = planOf(folder, 'runs/cartpole');
      expect(successRate).toBeGreaterThanOrEqual(0.8);
      expect(meanReturn).toBeGreaterThan(2 * baselines.random.meanReturn);
      expect(run('jepa data inspect frames.npz')).toMatch(/^observations +observation +uint8 +\[64, 64, 3\]/m);
    },
  );
});

// Configurations of runs that older versions recorded: they load, and mean what they meant.
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfiguration, writeConfiguration } from '../../src/run/folder.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const recorded = join(import.meta.dirname, '..', 'fixtures', 'training', 'first-config.json');

describe('a run configuration', () => {
  test('of the first version loads, and the keys that came later stand for what it did', () => {
    const folder = temporaryFolder();
    copyFileSync(recorded, join(folder, 'config.json'));
    const { format, ...first } = JSON.parse(readFileSync(recorded, 'utf8'));
    const configuration = readConfiguration(folder);
    expect(format).toBe(1);
    // Everything that was recorded is as it was ...
    expect(configuration).toMatchObject(first);
    // ... and the rest is off, or only matters where something else is on.
    expect(configuration.objective).toEqual({
      ...first.objective,
      dynamicsHorizon: null,
      targetDecay: 0.99,
      variance: 0,
      covariance: 0,
      sigreg: 0,
    });
    expect(configuration.collapse).toEqual({ action: 'warn', measure: 'latentDeviation', below: 0.05, patience: 10 });
    const added = Object.keys(configuration).filter((key) => !(key in first));
    expect(added.sort()).toEqual(['collapse', 'measureEvery']);
    expect(configuration.measureEvery).toBe(0);
  });

  test.each([
    ['convolutional', 'small'],
    ['resnet', 'paper'],
  ])('with the encoder %s alone has that of the preset %s', (kind, preset) => {
    const parts = { environment: 'counting', threads: 1 };
    const other = preset === 'small' ? 'paper' : 'small';
    const assignments = [`model.encoder={"kind":"${kind}"}`];
    const { encoder } = resolveConfiguration({ ...parts, preset: other, assignments }).model;
    expect(encoder).toEqual(resolveConfiguration({ ...parts, preset }).model.encoder);
    expect(encoder).toMatchObject({ kind });
  });

  test('written by this version is read back as it was', () => {
    const folder = temporaryFolder();
    const configuration = resolveConfiguration({ preset: 'paper', environment: 'counting', threads: 3 });
    writeConfiguration(folder, configuration);
    expect(readConfiguration(folder)).toEqual(configuration);
  });

  test.each([
    ['small', { kind: 'patch-transformer', patch: 8, width: 48, heads: 3, blocks: 2, expansion: 2, hidden: 128 }],
    ['paper', { kind: 'mlp', width: 256, depth: 2 }],
  ])(
    'preset %s: another kind of encoder replaces the whole encoder, its own defaults filled in: %j',
    (preset, encoder) => {
      const assignments = [`model.encoder={"kind":"${encoder.kind}"}`];
      const { model } = resolveConfiguration({ preset, environment: 'counting', assignments, threads: 1 });
      expect(model.encoder).toEqual(encoder);
    },
  );
});

// Where a run's recording is looked for: inside of its folder wherever that is, or where it was when the run began.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  checkRunFolder,
  createRunFolder,
  readConfiguration,
  removeRunFolder,
  runPath,
  writeConfiguration,
} from '../../src/run/folder.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const configurationOf = (path: string) => resolveConfiguration({ preset: 'small', recording: { path }, threads: 1 });

describe("the path of a run's recording", () => {
  test('inside of the folder moves with it, and names no other place', () => {
    const folder = temporaryFolder();
    const run = join(folder, 'run');
    mkdirSync(run);
    writeConfiguration(run, configurationOf(runPath(run, 'simulated')));
    expect(readFileSync(runPath(run, 'configuration'), 'utf8')).not.toContain(folder);
    const moved = join(folder, 'moved');
    renameSync(run, moved);
    expect(readConfiguration(moved).recording?.path).toBe(join(moved, 'recording.npz'));
  });

  test('elsewhere stays where it was, also where it was named from the working folder', () => {
    const run = temporaryFolder();
    const beside = join(run, '..', 'episodes.npz');
    for (const path of [beside, relative('.', beside)]) {
      writeConfiguration(run, configurationOf(path));
      expect(readConfiguration(run).recording?.path).toBe(resolve(beside));
    }
  });
});

test('a folder in which only a simulator has been recorded is new, one with anything else is not', () => {
  const run = temporaryFolder();
  for (const name of ['recording.npz', 'simulation.json']) writeFileSync(join(run, name), '');
  expect(() => createRunFolder(run)).not.toThrow();
  writeFileSync(join(run, 'thesis.txt'), '');
  expect(() => createRunFolder(run)).toThrow('expected a new or empty folder, got one with files in it');
});

test('a folder that is checked is not left behind, nor are those above it, unless something is in them', () => {
  const folder = temporaryFolder();
  const run = join(folder, 'runs', 'a');
  checkRunFolder(run);
  expect(existsSync(join(folder, 'runs'))).toBe(false);
  const made = createRunFolder(run);
  expect(made).toBe(join(folder, 'runs'));
  // Another run begins beside it.
  mkdirSync(join(folder, 'runs', 'b'));
  removeRunFolder(run, made);
  expect([existsSync(run), existsSync(join(folder, 'runs', 'b'))]).toEqual([false, true]);
});

// Every runtime that an evaluation opens is disposed, also those that nobody asked for by name.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { networksOfConfiguration } from '../../pipeline/network/environment.ts';
import { classesOf } from '../../src/evaluation/class/state.ts';
import { evaluate } from '../../src/evaluation/evaluate.ts';
import { openSubject } from '../../src/run/subject.ts';
import { writeRunFixture } from './run-fixture.ts';

const { open } = vi.hoisted(() => ({ open: [] as string[] }));
// The real runtimes, counted.
vi.mock('../../src/runtimes/index.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/runtimes/index.ts')>();
  return {
    ...original,
    openRuntime: async (...given: Parameters<typeof original.openRuntime>) => {
      const runtime = await original.openRuntime(...given);
      open.push(given[0]);
      return {
        ...runtime,
        dispose: async () => {
          open.splice(open.indexOf(given[0]), 1);
          await runtime.dispose();
        },
      };
    },
  };
});

const root = mkdtempSync(join(tmpdir(), 'jepa-disposal-'));
beforeAll(() => writeRunFixture(join(root, 'run')));
afterAll(() => rmSync(root, { recursive: true }));

test('an evaluation on tfjs alone disposes the runtime of ONNX files that it needs beside it', async () => {
  const subject = openSubject(join(root, 'run'));
  const networks = await networksOfConfiguration(subject.configuration, 'cpu');
  const classes = await classesOf(networks.environment, 'reward', networks.auxiliaries);
  expect(open).toEqual([]);
  const opened: string[][] = [];
  await evaluate(
    { subject, ...networks, classes },
    {
      runtimes: ['tfjs'],
      reference: 'tfjs',
      observations: 18,
      seed: 0,
      threads: 1,
      onProgress: () => opened.push([...open]),
    },
  );
  expect(opened.some((names) => names.includes('cpu'))).toBe(true);
  expect(open).toEqual([]);
});

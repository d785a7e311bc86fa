// The names of runtimes and their variants: what each runs, and which are judged.
import { expect, test } from 'vitest';
import { allRuntimes, type RunnerSources, runnerOf } from '../../src/verification/runners.ts';

const made: string[] = [];
const sources: RunnerSources = {
  inHouse: { program: 'node', arguments: ['jepa', 'runner'] },
  deployFolder: 'none',
  builds: false,
  required: ['wasm:fp16'],
  named: ['cuda:tf32'],
  makeVariant: async (model, folder) => {
    made.push(model);
    return `${folder}/${model}.onnx`;
  },
};

test.each([
  ['cpu:fp16', 'cpu', 'float16'],
  ['chromium:wasm:2:fp16', 'chromium:wasm:2', 'float16'],
  ['wasm:int8', 'wasm', 'int8'],
])('%s runs the encoder in that precision on the runtime before the colon', async (name, base, model) => {
  const runner = runnerOf(name, sources);
  expect(runner).toMatchObject({ name, model, format: 'onnx', isInHouse: true });
  const encoder = `scratch/${model}.onnx`;
  expect(await runner.find('scratch')).toEqual({ program: 'node', arguments: ['jepa', 'runner', base], encoder });
});

test('TF32 is a way of CUDA to run the same files', async () => {
  const runner = runnerOf('cuda:tf32', sources);
  expect(runner).toMatchObject({ model: 'float32', isInHouse: true, isJudged: true });
  expect(await runner.find('scratch')).toEqual({ program: 'node', arguments: ['jepa', 'runner', 'cuda:tf32'] });
});

test('a variant is judged where it is named, and required where it is required; a runtime always is judged', () => {
  expect(runnerOf('cpu:int8', sources)).toMatchObject({ isJudged: false, isRequired: false });
  expect(runnerOf('wasm:fp16', sources)).toMatchObject({ isJudged: false, isRequired: true });
  expect(runnerOf('cuda:tf32', { ...sources, named: [] })).toMatchObject({ isJudged: false });
  expect(runnerOf('java', sources)).toMatchObject({ isJudged: true, isInHouse: false });
});

test('a program in another language has variants too', () => {
  expect(runnerOf('rust:fp16', sources)).toMatchObject({ model: 'float16', isInHouse: false });
});

test('what no runtime is called, and models that are no ONNX files, are refused', () => {
  expect(() => runnerOf('tfjs:fp16', sources)).toThrow(
    'tfjs:fp16: expected a runtime of ONNX files before the precision',
  );
  expect(() => runnerOf('cpu:tf32', sources)).toThrow(/expected the name of a runtime \(.*\), got "cpu:tf32"/);
  expect(() => runnerOf('cpx:fp16', sources)).toThrow(/got "cpx"/);
  expect(allRuntimes).not.toContain('cuda:tf32');
});

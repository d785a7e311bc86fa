// `jepa evaluate --probes --decoder` from end to end, on a run that was never trained: trained and untrained encoder have the
// same weights but for batch-norm statistics, so what is read from both is about the same.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { evaluationSchema } from '../../../src/evaluation/schema/evaluation.ts';
import { openRuntime } from '../../../src/runtimes/index.ts';
import { fixtureLatentSize, writeRunFixture } from '../../evaluation/run-fixture.ts';
import { jepaWith } from '../jepa.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-readout-cli-'));
const run = join(root, 'run');
beforeAll(() => writeRunFixture(run));
afterAll(() => rmSync(root, { recursive: true }));

const flags = ['--observations', '270', '--threads', '1', '--reference', 'cpu'];
const jepa = jepaWith(['evaluate', run, ...flags]);
const recordOf = () => evaluationSchema.parse(JSON.parse(readFileSync(join(run, 'evaluation.json'), 'utf8')));

test('without the flags there are neither probes nor a decoder', async () => {
  expect((await jepa()).code).toBe(0);
  const { probes, decoder } = recordOf();
  expect([probes, decoder]).toEqual([undefined, undefined]);
  expect(existsSync(join(run, 'decoder.onnx'))).toBe(false);
});

test('with them the record, the report, the table and decoder.onnx hold both, and the same ones again', async () => {
  const { code, stdout, stderr } = await jepa('--probes', '--decoder');
  expect(code, stderr).toBe(0);
  const { probes, decoder } = recordOf();
  if (probes === undefined || decoder === undefined) throw new Error('no probes or no decoder');
  expect(new Set(probes.results.map(({ target }) => target))).toEqual(
    new Set(['class', 'shape', 'colour', 'position', 'layout']),
  );
  expect(decoder.scores.map(({ target }) => target)).toEqual(['shape', 'colour', 'position', 'layout']);
  // Of an image that never changes, nothing can be read but one shape.
  for (const { measure, meanImage } of decoder.scores) if (measure === 'squared-correlation') expect(meanImage).toBe(0);
  expect(stdout).toContain('Drawn from their latents');
  expect(stdout).toContain('With noise of 0.1 of the latent scale');
  const page = readFileSync(join(run, 'report.html'), 'utf8');
  expect(page).toContain('What a decoder draws');
  expect(page).toContain('What probes read');
  const runtime = await openRuntime('cpu', { threads: 1 });
  const session = await runtime.load(join(run, 'decoder.onnx'));
  expect(session.inputs.map(({ name, shape }) => [name, shape[1]])).toEqual([['latent', fixtureLatentSize]]);
  expect(session.outputs[0].shape.slice(1)).toEqual([64, 64, 3]);
  await session.dispose();
  await runtime.dispose();
  const bytes = readFileSync(join(run, 'decoder.onnx'));
  expect((await jepa('--decoder')).code).toBe(0);
  expect(readFileSync(join(run, 'decoder.onnx')).equals(bytes)).toBe(true);
  expect(recordOf().decoder).toEqual(decoder);
});

// Training from the files alone, by the examples as they stand: Python, Node and a page in Chromium, on a world that the files were
// not written for. In all three the loss falls, and what they save becomes an encoder with the latents of what was trained.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportRun } from '../../pipeline/export/run.ts';
import { trainRun } from '../../pipeline/train/run.ts';
import { readArrayFile } from '../../src/data/readers/array-file.ts';
import { randomFor } from '../../src/random.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { hasChromium, launchChromium, softwareWebGpu } from '../chromium.ts';
import { expectClose } from '../matcher/close.ts';
import { findPython } from '../python/python.ts';

const examples = join(import.meta.dirname, '../../examples/train');
const STEPS = 60;
/** Of the run that is exported: an example's first step is the next one. */
const DONE = 2;
/** The first number that an example prints, in a terminal and in the page. */
const GOES_ON = new RegExp(`^(step )?${DONE + 1}\\s`);
/** Of the loss of the first step. Measured: a tenth after 60 steps in all three. */
const FALLEN = 0.5;

const python = findPython('numpy', 'onnxruntime');

let folder: string;
let exported: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jepa-train-'));
  // Small: WebGPU in software takes seconds for a step of the preset as it is.
  const assignments = [
    ...[`optimization.steps=${DONE}`, 'optimization.batchSize=16', 'measureEvery=0', 'model.latentSize=16'],
    'model.encoder.convolutions=[{"filters":8,"kernel":8,"stride":8},{"filters":8,"kernel":4,"stride":2}]',
    ...['model.encoder.hidden=32', 'model.predictor={"width":32,"depth":1}', 'model.auxiliary={"width":32,"depth":1}'],
  ];
  const configuration = resolveConfiguration({ preset: 'small', environment: 'counting', threads: 1, assignments });
  await trainRun(join(folder, 'run'), configuration);
  exported = (await exportRun(join(folder, 'run'), { trainingStep: true })).folder;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The losses of the first and of the last line that an example printed. */
function lossesOf(text: string): [first: number, last: number] {
  const found = [...text.matchAll(/loss ([\d.]+)/g)].map(([, value]) => Number(value));
  expect(found.length).toBeGreaterThan(1);
  return [found[0], found[found.length - 1]];
}

function expectTrained(text: string): void {
  const [first, last] = lossesOf(text);
  expect(first).toBeGreaterThan(1);
  expect(last).toBeLessThan(FALLEN * first);
}

/** Another number of sequences than that of the run. */
const OTHER_BATCH = 24;

function runExample(program: string, file: string): string {
  const given = [exported, String(STEPS), String(OTHER_BATCH)];
  const { status, stdout, stderr } = spawnSync(program, [join(examples, file), ...given], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

async function runFile(path: string, feeds: Readonly<Record<string, ort.Tensor>>): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(path);
  try {
    return (await session.run(feeds)).latent.data as Float32Array;
  } finally {
    await session.release();
  }
}

/** Of latents: the exported encoder folds batch norms into weights. */
const LATENT_TOLERANCE = { absolute: 1e-5, relative: 1e-5 };

/** `jepa export RUN --state FILE`: its encoder has the latents of training-encoder.onnx with the weights of the file. */
async function expectWayBack(file: string): Promise<void> {
  const { folder: back } = await exportRun(join(folder, 'run'), { state: file, pixels: 'uint8', layout: 'nhwc' });
  expect(JSON.parse(readFileSync(join(back, 'export.json'), 'utf8'))).toMatchObject({ step: DONE + STEPS });
  const { arrays, texts } = await readArrayFile(file);
  expect([...texts.keys()]).toEqual(['configuration']);
  const random = randomFor('observations');
  const pixels = Uint8Array.from({ length: 5 * 64 * 64 * 3 }, () => random.integer(256));
  const observations = new ort.Tensor('uint8', pixels, [5, 64, 64, 3]);
  const flat = (name: string) => {
    const values = arrays.get(name)?.values;
    return new ort.Tensor('float32', values as Float32Array, [values?.length ?? 0]);
  };
  const state = { weights: flat('weights'), averages: flat('averages') };
  const expected = await runFile(join(exported, 'training-encoder.onnx'), { observations, ...state });
  const found = await runFile(join(back, 'encoder.onnx'), { observation: observations });
  expectClose(found, expected, LATENT_TOLERANCE);
}

describe('training from the files alone', () => {
  test('in Node the loss falls, and the state becomes an encoder', async () => {
    const printed = runExample(process.execPath, 'node/train.js');
    expectTrained(printed);
    expect(printed).toMatch(GOES_ON);
    await expectWayBack(join(folder, 'trained.safetensors'));
  });

  test.skipIf(python === undefined)('in Python the loss falls, and the state becomes an encoder', async () => {
    const printed = runExample(python ?? '', 'python/train.py');
    expectTrained(printed);
    expect(printed).toMatch(GOES_ON);
    await expectWayBack(join(folder, 'trained.npz'));
  });

  describe.skipIf(!hasChromium)('in a page', () => {
    let server: Server;
    let address: string;
    beforeAll(async () => {
      const { serve } = (await import(join(examples, 'browser/server.js'))) as {
        readonly serve: (folder: string) => Promise<Server>;
      };
      server = await serve(exported);
      const bound = server.address();
      address = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`;
    });
    afterAll(() => server?.close());

    test.each(['wasm', 'webgpu'])(
      '%s: the loss falls, the state becomes an encoder, and the console is silent',
      async (provider) => {
        const browser = await launchChromium(provider === 'webgpu' ? softwareWebGpu : []);
        try {
          const page = await browser.newPage();
          const said: string[] = [];
          page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
          page.on('pageerror', (error) => said.push(error.message));
          await page.goto(`${address}/?steps=1&provider=${provider}`);
          await page.locator('#output[data-state]').waitFor({ timeout: 300_000 });
          const first = await page.locator('#output').textContent();
          await page.goto(`${address}/?steps=${STEPS}&provider=${provider}`);
          await page.locator('#output[data-state]').waitFor({ timeout: 900_000 });
          expect(first).toMatch(GOES_ON);
          const last = await page.locator('#output').textContent();
          expectTrained(`${first}\n${last}`);
          const file = join(folder, `${provider}.safetensors`);
          const [saved] = await Promise.all([page.waitForEvent('download'), page.locator('a[download]').click()]);
          expect(saved.suggestedFilename()).toBe('trained.safetensors');
          await saved.saveAs(file);
          await expectWayBack(file);
          expect(said).toEqual([]);
        } finally {
          await browser.close();
        }
      },
    );
  });
});

// The playground in a real Chromium: it trains, the loss falls, an export has the bytes of the exporter in Node for the same weights and
// opens in the page of `jepa serve`, addresses and knobs do what they say, and axe-core finds nothing.
import { readFileSync } from 'node:fs';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportOnnx } from '../../../export/index.ts';
import { planNetworksOf, resolveNetworkOptions } from '../../../pipeline/export/network-plan.ts';
import { buildEnvironmentParts, disposeRunParts } from '../../../pipeline/parts.ts';
import { openRuntime } from '../../../src/runtimes/index.ts';
import { elementCount } from '../../../src/shape.ts';
import { setNamedWeights } from '../../../src/tensorflow/weight.ts';
import { Learner } from '../../../web/play/learner.ts';
import { configurationOf, defaultSetting, type Setting } from '../../../web/play/setting.ts';
import { createPlaySite } from '../../../web/site/play-site.ts';
import { type SiteServer, serveSite } from '../../../web/site/server.ts';
import { hasChromium, launchChromium, softwareWebGpu } from '../../chromium.ts';

/** Other work may run on the machine. */
const PATIENCE_MS = 240_000;
const STEPS = 24;
/** In software a step of WebGPU takes seconds. */
const GRAPHICS_STEPS = 10;
const VERSION = '0.0.0-test';
const setting: Setting = { ...defaultSetting, latent: 4 };

describe.skipIf(!hasChromium)('the playground in Chromium', { timeout: PATIENCE_MS }, () => {
  let server: SiteServer;
  let browser: Browser;

  beforeAll(async () => {
    const site = await createPlaySite({ packageRoot: process.cwd(), name: 'jepa-onnx', version: VERSION });
    server = await serveSite(site, { host: '127.0.0.1', port: 0 });
    browser = await launchChromium();
  }, PATIENCE_MS);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function open(
    query: string,
    options: BrowserContextOptions = {},
  ): Promise<{ readonly page: Page; readonly troubles: string[] }> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
    page.setDefaultTimeout(PATIENCE_MS);
    const troubles: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(error.message));
    await page.goto(`${server.url}${query}`);
    return { page, troubles };
  }

  const state = (page: Page, wanted: string) =>
    page.waitForFunction((name) => document.documentElement.dataset.state === name, wanted);

  test('trains to the step of an address; its export is that of Node, and opens in the explorer', async () => {
    const { page, troubles } = await open(`?latent=4&step=${STEPS}`, { acceptDownloads: true });
    await state(page, 'still');
    const lossAt = async (step: number): Promise<number> => {
      await page.locator('#time').fill(String(step));
      return Number(await page.locator('.number b').first().textContent());
    };
    expect(await page.locator('#step').textContent()).toBe(`step ${STEPS} of 1200`);
    // The first picture has no loss yet.
    let first = Number.NaN;
    for (let step = 1; step < STEPS && Number.isNaN(first); step++) first = await lossAt(step);
    expect(await lossAt(STEPS)).toBeLessThan(first);
    expect(await page.locator('.colours').textContent()).toMatch(/^Colour: the number of objects 01234 In one colour/);
    expect(await page.locator('.prediction b').allTextContents()).toEqual([
      expect.stringMatching(/^[\d.]+×$/),
      expect.stringMatching(/^[\d.]+×$/),
    ]);
    // A picture that does not move is drawn anew in the colours of the night.
    const picture = () => page.locator('canvas.plot').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
    const byDay = await page.locator('canvas.plot').evaluate(stillPicture);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(picture, { timeout: 10_000 }).not.toBe(byDay);
    await page.getByRole('button', { name: 'Export as ONNX' }).click();
    const found = new Map<string, Uint8Array>();
    for (const name of ['encoder.onnx', 'predictor.onnx', 'auxiliary.onnx']) {
      const downloading = page.waitForEvent('download');
      await page.getByRole('link', { name, exact: true }).click();
      found.set(name, readFileSync(await (await downloading).path()));
    }
    expect(Object.fromEntries([...found].map(([name, bytes]) => [name, hex(bytes)]))).toEqual(await exportedInNode());
    const opening = page.waitForEvent('popup');
    await page.getByRole('link', { name: 'Open it in the explorer' }).click();
    const explorer = await opening;
    explorer.setDefaultTimeout(PATIENCE_MS);
    await state(explorer, 'ready');
    expect(await explorer.textContent('#subject')).toContain(`trained on counting for ${STEPS} steps`);
    expect(troubles).toEqual([]);
    await page.close();
    await explorer.close();
  });

  test.each([
    [1280, 'light'],
    [390, 'dark'],
  ] as const)(
    'at %i px in %s mode, without motion, nothing is too wide and axe-core finds nothing',
    async (width, colorScheme) => {
      const { page, troubles } = await open('?compare=1&auxiliary=none&latent=4&b.latent=4', {
        viewport: { width, height: 844 },
        colorScheme,
        reducedMotion: 'reduce',
        bypassCSP: true,
      });
      await state(page, 'ready');
      // One who wants no motion starts it.
      expect(await page.locator('#play').textContent()).toBe('Train');
      expect(await page.locator('.verdict-word').allTextContents()).toEqual(['Untrained', 'Untrained']);
      for (const summary of await page.locator('summary').all()) await summary.click();
      await page.evaluate(axe.source);
      const found = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run(document));
      expect(found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      // The keyboard goes from latent to latent, and an action moves one of them without another image.
      await page.locator('canvas.plot').first().press('ArrowRight');
      expect(await page.locator('.beside-image .caption').first().textContent()).toMatch(
        /^An image of class [0-4]\. Press an action/,
      );
      await page.getByRole('button', { name: '+1' }).first().click();
      await page.waitForFunction(() =>
        document.querySelector('.beside-image .caption')?.textContent?.startsWith('Imagined +1: lands'),
      );
      expect(troubles).toEqual([]);
      await page.close();
    },
  );

  test('what the text above links to prevents collapse starts at once, on the same page', async () => {
    const { page, troubles } = await open('?latent=4', { reducedMotion: 'reduce' });
    await page.getByRole('link', { name: 'a dense reward' }).click();
    expect(new URL(page.url()).search).toBe('?b.auxiliary=dense&compare=1');
    expect(await page.locator('.panel h2').allTextContents()).toEqual([
      'Prediction + reward',
      'Prediction + dense reward',
    ]);
    await page.getByRole('link', { name: 'a random projection' }).click();
    expect(await page.locator('#stories [aria-pressed=true]').textContent()).toBe('Random projection');
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('WebGPU trains as WebAssembly does, and its state stays on the device from step to step', async () => {
    const graphics = await launchChromium(softwareWebGpu);
    const page = await graphics.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const troubles: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text());
    });
    page.on('worker', (worker) => void worker.evaluate(countCopies));
    await page.goto(`${server.url}?latent=4&on=webgpu&step=${GRAPHICS_STEPS}`);
    await state(page, 'still');
    expect(await page.locator('[data-place]').inputValue()).toBe('webgpu');
    expect(await page.textContent('#place')).toContain('may differ from WebAssembly’s by rounding');
    const found = new Map<number, number>();
    for (let step = 1; step <= GRAPHICS_STEPS; step++) {
      await page.locator('#time').fill(String(step));
      const label = (await page.locator('canvas.plot').getAttribute('aria-label')) ?? '';
      const shown = Number(/after (\d+) steps/.exec(label)?.[1]);
      if (shown > 0) found.set(shown, Number(await page.locator('.number b').first().textContent()));
    }
    const { losses, stateBytes } = await trainedInNode(GRAPHICS_STEPS);
    // Three digits are shown.
    for (const [step, loss] of found) expect(Math.abs(loss / losses[step - 1] - 1), `step ${step}`).toBeLessThan(0.02);
    expect(found.has(GRAPHICS_STEPS)).toBe(true);
    expect(losses[GRAPHICS_STEPS - 1]).toBeLessThan(losses[0]);
    // Weights and both moments are copied back for a picture, and for nothing else.
    const copies = await page.workers()[0].evaluate(() => Reflect.get(globalThis, 'copies') as number[]);
    expect(copies.filter((size) => size === stateBytes)).toHaveLength(3 * found.size);
    expect(found.size).toBeLessThan(GRAPHICS_STEPS);
    // What needs the weights gets them from there.
    await page.getByRole('button', { name: '+1' }).click();
    await page.waitForFunction(() =>
      document.querySelector('.beside-image .caption')?.textContent?.startsWith('Imagined +1: lands'),
    );
    if (!(await page.getByRole('button', { name: 'Export as ONNX' }).isVisible()))
      await page.locator('summary').click();
    await page.getByRole('button', { name: 'Export as ONNX' }).click();
    await page.getByRole('link', { name: 'encoder.onnx' }).waitFor();
    expect(troubles).toEqual([]);
    await graphics.close();
  });

  test('where there is no WebGPU, WebAssembly trains instead, and says so', async () => {
    const plain = await launchChromium(['--disable-gpu']);
    const page = await plain.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`${server.url}?latent=4&on=webgpu&step=2`);
    await page.waitForFunction(() =>
      document.querySelector('#place')?.textContent?.includes('WebAssembly computes instead'),
    );
    await state(page, 'still');
    expect(await page.locator('#alert').isHidden()).toBe(true);
    expect(await page.locator('[data-place]').count()).toBe(0);
    expect(new URL(page.url()).searchParams.has('on')).toBe(false);
    await plain.close();
  });

  test('a knob changes the address, and what asks for nothing is not trained', async () => {
    const { page, troubles } = await open('?auxiliary=none', { reducedMotion: 'reduce' });
    await page.locator('[data-knob=dynamics]').selectOption('0');
    expect(new URL(page.url()).search).toBe('?dynamics=0&auxiliary=none');
    expect(await page.locator('.verdict-word').textContent()).toBe('Nothing to train');
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('what an address cannot mean is said in one line, with a way out', async () => {
    const { page } = await open('?latent=3');
    expect(await page.locator('#alert').innerText()).toContain('?latent: expected one of 2, 4, 8, 16, 32, got "3"');
    await page.close();
  });
});

/** The picture on a canvas once points have come to their places. */
async function stillPicture(canvas: Element): Promise<string> {
  if (!(canvas instanceof HTMLCanvasElement)) return 'no canvas';
  let shown = '';
  for (let unchanged = 0; unchanged < 20; ) {
    await new Promise(requestAnimationFrame);
    const now = canvas.toDataURL();
    unchanged = now === shown ? unchanged + 1 : 0;
    shown = now;
  }
  return shown;
}

/** In a worker: keeps the sizes of all buffers that are read back from the device. */
function countCopies(): void {
  const buffers: unknown = Reflect.get(globalThis, 'GPUBuffer');
  if (typeof buffers !== 'function') return;
  const copies: number[] = [];
  Reflect.set(globalThis, 'copies', copies);
  const { mapAsync } = buffers.prototype;
  buffers.prototype.mapAsync = function (this: { readonly size: number }, ...given: unknown[]) {
    copies.push(this.size);
    return mapAsync.apply(this, given);
  };
}

/** The losses of the same training in Node's WebAssembly, and the bytes of its weights. */
async function trainedInNode(steps: number): Promise<{ readonly losses: number[]; readonly stateBytes: number }> {
  const runtime = await openRuntime('wasm', { threads: 1 });
  const learner = await Learner.open(configurationOf(setting), runtime);
  const losses: number[] = [];
  while (learner.stepsDone < steps) losses.push((await learner.train()).loss);
  const numbers = learner.program.layout.weights.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  await learner.dispose();
  await runtime.dispose();
  return { losses, stateBytes: 4 * numbers };
}

/** The same training in Node's WebAssembly, exported by the pipeline's own parts. */
async function exportedInNode(): Promise<Record<string, string>> {
  const configuration = configurationOf(setting);
  const runtime = await openRuntime('wasm', { threads: 1 });
  const learner = await Learner.open(configuration, runtime);
  while (learner.stepsDone < STEPS) await learner.train();
  const { weights } = await learner.read();
  await learner.dispose();
  await runtime.dispose();
  const parts = await buildEnvironmentParts(configuration);
  const { encoder, predictor, auxiliary } = parts.model;
  setNamedWeights(encoder, 'encoder', weights);
  setNamedWeights(predictor, 'predictor', weights);
  if (auxiliary) setNamedWeights(auxiliary, 'auxiliary', weights);
  const tfjs = (await import('@tensorflow/tfjs')).version.tfjs;
  const plans = planNetworksOf({ ...parts, configuration, step: STEPS }, resolveNetworkOptions({}), {
    producer: { name: 'jepa-onnx', version: VERSION },
    metadata: {
      'jepa_onnx.run': 'playground',
      'jepa_onnx.config': JSON.stringify(configuration),
      'jepa_onnx.seed': String(configuration.seed),
      'jepa_onnx.step': String(STEPS),
      'jepa_onnx.versions': JSON.stringify({ 'jepa-onnx': VERSION, tfjs }),
    },
  });
  const files = Object.fromEntries(
    plans.map(({ name, model, exportOptions }) => [`${name}.onnx`, hex(exportOnnx(model, exportOptions))]),
  );
  disposeRunParts(parts);
  return files;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

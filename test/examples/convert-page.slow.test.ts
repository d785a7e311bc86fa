// The convert page in a real Chromium: what it gives for files, a dropped folder and an address, what it says of files that
// are no model, and that nothing is asked of any other origin. The file that it gives is run in onnxruntime-node.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleConvertPage } from '../../examples/convert-page/build.ts';
import { exportOnnx, exportOnnxFromGraph } from '../../export/index.ts';
import { mediaTypes } from '../../web/site/server.ts';
import { hasChromium, launchChromium } from '../chromium.ts';
import { artifactsOf, floats, ints, node } from '../export/tensorflow/graph-json.ts';
import { openWebServer, type WebServer } from '../web/web-server.ts';

const WAIT_MS = 60_000;

describe.skipIf(!hasChromium)('the convert page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jepa-convert-page-'));
  let files: ReadonlyMap<string, Uint8Array>;
  let server: WebServer;
  let browser: Browser;
  let layers: tf.LayersModel;
  let graph: tf.io.ModelArtifacts;

  function save(name: string, artifacts: tf.io.ModelArtifacts): void {
    const { weightSpecs = [], weightData, ...rest } = artifacts;
    const weights = new Uint8Array(weightData as ArrayBuffer);
    // Two files, cut inside of a tensor.
    const half = Math.floor(weights.length / 2) - 1;
    mkdirSync(join(folder, name));
    const paths = ['group1-shard1of2.bin', 'group1-shard2of2.bin'];
    writeFileSync(join(folder, name, paths[0]), weights.subarray(0, half));
    writeFileSync(join(folder, name, paths[1]), weights.subarray(half));
    const json = { ...rest, weightsManifest: [{ paths, weights: weightSpecs }] };
    writeFileSync(join(folder, name, 'model.json'), JSON.stringify(json));
  }
  const filesOf = (name: string): string[] =>
    ['model.json', 'group1-shard1of2.bin', 'group1-shard2of2.bin'].map((file) => join(folder, name, file));

  beforeAll(async () => {
    files = await bundleConvertPage();
    await tf.setBackend('cpu');
    layers = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, activation: 'relu' }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 5, activation: 'softmax' }),
      ],
    });
    await layers.save(
      tf.io.withSaveHandler(async (artifacts) => {
        save('layers', artifacts);
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
    graph = artifactsOf({
      inputs: { image: { type: 'float32', shape: [-1, 8, 8, 3] } },
      constants: {
        kernel: floats(
          [3, 3, 3, 4],
          Array.from({ length: 108 }, (_, i) => Math.sin(i)),
        ),
        axes: ints([1, 2]),
      },
      nodes: [
        node('Conv2D', 'conv', ['image', 'kernel'], {
          strides: [1, 2, 2, 1],
          padding: 'SAME',
          data_format: 'NHWC',
          dilations: [1, 1, 1, 1],
        }),
        node('Mean', 'mean', ['conv', 'axes'], { keep_dims: false }),
      ],
      outputs: ['mean'],
    });
    save('graph', graph);
    server = await openWebServer((request, response) => {
      const path = (request.url ?? '/').slice(1) || 'index.html';
      const content =
        files.get(path) ?? (path.startsWith('models/layers/') ? readFileSync(join(folder, path.slice(7))) : undefined);
      if (content === undefined) response.writeHead(404).end();
      else
        response
          .writeHead(200, { 'Content-Type': mediaTypes[extname(path)] ?? 'application/octet-stream' })
          .end(content);
    });
    browser = await launchChromium(['--disable-gpu']);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  async function open({ width = 1440, colorScheme = 'light' as 'light' | 'dark', bypassCSP = false } = {}): Promise<{
    readonly page: Page;
    readonly troubles: string[];
  }> {
    const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme, bypassCSP });
    const troubles: string[] = [];
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text());
    });
    page.context().on('request', (request) => {
      const asked = request.url();
      if (!asked.startsWith(server.url) && !/^(?:data|blob):/.test(asked)) troubles.push(asked);
    });
    await page.goto(server.url);
    await settled(page, 'ready');
    return { page, troubles };
  }

  async function settled(page: Page, state: string): Promise<void> {
    await page.waitForFunction((wanted) => document.documentElement.dataset.state === wanted, state, {
      timeout: WAIT_MS,
    });
  }

  async function downloaded(page: Page): Promise<{ readonly name: string; readonly bytes: Buffer }> {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#download').click()]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  }

  const cells = (page: Page): Promise<string[][]> =>
    page
      .locator('#rows tr')
      .evaluateAll((rows) => rows.map((row) => Array.from(row.children, (cell) => cell.textContent ?? '')));

  test('gives the file of a layers model and the numbers of its check, from chosen files', async () => {
    const { page, troubles } = await open();
    await page.setInputFiles('#files', filesOf('layers'));
    await settled(page, 'converted');
    expect(await page.locator('#verdict').innerText()).toBe('Agrees with TensorFlow.js');
    expect(await page.locator('#summary').innerText()).toMatch(/onnxruntime-web [\d.]+ against tfjs 4\.22\.0 cpu/);
    const rows = await cells(page);
    expect(rows.map(([, batch]) => batch)).toEqual(['1', '3']);
    for (const row of rows) {
      expect(Number(row[4])).toBeGreaterThanOrEqual(0);
      expect(Number(row[4])).toBeLessThan(1e-5);
    }
    const { name, bytes } = await downloaded(page);
    expect(name).toBe('model.onnx');
    expect(bytes.equals(Buffer.from(exportOnnx(layers)))).toBe(true);
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('gives the file of a graph model, and the other layout when that is chosen', async () => {
    const { page, troubles } = await open();
    await page.setInputFiles('#files', filesOf('graph'));
    await settled(page, 'converted');
    expect(await page.locator('#verdict').innerText()).toBe('Agrees with TensorFlow.js');
    const first = await downloaded(page);
    expect(first.bytes.equals(Buffer.from(exportOnnxFromGraph(graph)))).toBe(true);
    await page.locator('#layout').selectOption('nhwc');
    await settled(page, 'converted');
    const second = await downloaded(page);
    expect(second.bytes.equals(Buffer.from(exportOnnxFromGraph(graph, { layout: 'nhwc' })))).toBe(true);
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('takes what is dropped anywhere on it', async () => {
    const { page, troubles } = await open();
    const contents = filesOf('layers').map((path) => [
      path.slice(path.lastIndexOf('/') + 1),
      readFileSync(path).toString('base64'),
    ]);
    const transfer = await page.evaluateHandle((given) => {
      const all = new DataTransfer();
      for (const [name, base64] of given)
        all.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
      return all;
    }, contents);
    await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
    await settled(page, 'converted');
    expect(await page.locator('#verdict').innerText()).toBe('Agrees with TensorFlow.js');
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('fetches a model from its address, on the keyboard alone', async () => {
    const { page, troubles } = await open();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('files');
    await page.keyboard.press('Tab');
    await page.keyboard.type(`${server.url}models/layers/model.json`);
    await page.keyboard.press('Enter');
    await settled(page, 'converted');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('result-title');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('download');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(download.suggestedFilename()).toBe('layers.onnx');
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('says in one line what it was given instead of a model, and takes the next one', async () => {
    const { page } = await open();
    const said = async (): Promise<string> => {
      await settled(page, 'failed');
      expect(await page.locator('#result').isVisible()).toBe(false);
      return page.getByRole('alert').innerText();
    };
    await page.setInputFiles('#files', filesOf('layers').slice(0, 2));
    expect(await said()).toBe(
      'model.json: expected its weights in group1-shard2of2.bin, got no such file. Give all files of the model at once, or drop its folder.',
    );
    await page.setInputFiles('#files', { name: 'net.keras', mimeType: 'application/zip', buffer: Buffer.from('PK') });
    await expect
      .poll(() => page.getByRole('alert').innerText())
      .toBe(
        'files: expected a model.json and its weights, got net.keras. Files of Keras are converted on the command line: jepa convert model.keras model.onnx.',
      );
    await page.setInputFiles('#files', { name: 'model.json', mimeType: 'application/json', buffer: Buffer.from('{') });
    await expect
      .poll(() => page.getByRole('alert').innerText())
      .toBe('model.json: expected the JSON of a tfjs model, got text that is none');
    const unknown = { format: 'graph-model', modelTopology: { node: [{ name: 'x', op: 'Whatever' }] } };
    const buffer = Buffer.from(JSON.stringify({ ...unknown, weightsManifest: [] }));
    await page.setInputFiles('#files', { name: 'model.json', mimeType: 'application/json', buffer });
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('Whatever');
    expect(await page.getByRole('alert').innerText()).not.toContain('\n');
    await page.locator('#address').fill(`${server.url}nothing/model.json`);
    await page.locator('#fetch').click();
    await expect
      .poll(() => page.getByRole('alert').innerText())
      .toBe(`${server.url}nothing/model.json: expected a file, got status 404`);
    await page.setInputFiles('#files', filesOf('graph'));
    await settled(page, 'converted');
    expect(await page.getByRole('alert').isVisible()).toBe(false);
    await page.close();
  });

  test.each([
    [1440, 'light'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)(
    'at %i px in %s mode nothing is wider than the page, and axe-core finds nothing',
    async (width, colorScheme) => {
      const { page } = await open({ width, colorScheme, bypassCSP: true });
      const violations = async (): Promise<string[]> => {
        await page.evaluate(axe.source);
        const found = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run(document));
        return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
      };
      expect(await violations()).toEqual([]);
      await page.setInputFiles('#files', filesOf('layers').slice(0, 1));
      await settled(page, 'failed');
      expect(await violations()).toEqual([]);
      await page.setInputFiles('#files', filesOf('layers'));
      await settled(page, 'converted');
      expect(await violations()).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      await page.close();
    },
  );
});

// The page of an encoder from anywhere in a real Chromium: its verdict is that of `jepa evaluate`, a latent that is pointed at shows
// its own image, and nothing is wider than a phone.
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluateEncoder } from '../../pipeline/encoder/evaluate.ts';
import { verdictHeadlines } from '../../src/report/answer.ts';
import { createEncoderSite } from '../../web/site/encoder-site.ts';
import { type SiteServer, serveSite } from '../../web/site/server.ts';
import { hasChromium, launchChromium } from '../chromium.ts';

const READY_MS = 240_000;
const fixture = (name: string) => join(import.meta.dirname, '..', 'fixtures', 'torch-encoder', name);
const source = { data: fixture('observations.npz'), map: 'observation=frames' };

describe.skipIf(!hasChromium)('the page of an encoder in Chromium', () => {
  let server: SiteServer;
  let browser: Browser;

  beforeAll(async () => {
    const site = await createEncoderSite({
      path: fixture('dino.onnx'),
      ...source,
      packageRoot: process.cwd(),
      generator: 'jepa-onnx test',
    });
    server = await serveSite(site, { host: '127.0.0.1', port: 0 });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function open(width: number): Promise<{ readonly page: Page; readonly troubles: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const troubles: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(error.message));
    await page.goto(server.url);
    await page.waitForFunction(
      () => ['ready', 'failed'].includes(document.documentElement.dataset.state ?? ''),
      undefined,
      { timeout: READY_MS },
    );
    return { page, troubles };
  }

  test.each([1440, 390])('gives the verdict of `jepa evaluate`, %i pixels wide', async (width) => {
    const { page, troubles } = await open(width);
    const record = await evaluateEncoder(fixture('dino.onnx'), { ...source, observations: 1024, report: false });
    const [{ verdict, separable, nearestCentroidAccuracy, meanDistance }] = record.runtimes;
    const word = verdictHeadlines[verdict] + (separable.answer === 'undecided' ? ', undecided' : '');
    expect(await page.textContent('#verdict')).toBe(word);
    const cells = await page.locator('#measured-table td').allTextContents();
    expect(cells[0]).toBe(String(record.observations));
    expect(Number.parseFloat(cells[2]) / 100).toBeCloseTo(nearestCentroidAccuracy, 3);
    expect(Number(cells[4]) / meanDistance).toBeCloseTo(1, 2);
    expect(await page.isVisible('#act')).toBe(false);
    expect(await page.isVisible('#settings')).toBe(false);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('shows the image of the latent that is pointed at, and the class of its neighbours', async () => {
    const { page } = await open(1440);
    const points = await page.locator('#plot .point').all();
    const seen = new Set<string>();
    for (const point of [points[0], points[points.length - 1], points[points.length >> 1]]) {
      const box = await point.boundingBox();
      if (box === null) throw new Error('expected a point that is drawn');
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      seen.add((await page.getAttribute('#observation canvas.large', 'aria-label')) ?? '');
      const facts = await page.locator('#observation dd').allTextContents();
      const neighbours = await page.locator('#observation .thumbs span').allTextContents();
      expect(neighbours).toHaveLength(6);
      expect(facts[0]).toContain(neighbours[0]);
    }
    expect(seen.size).toBe(3);
    await page.close();
  });
});

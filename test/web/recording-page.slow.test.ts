// The page of a recording's run in a real Chromium: numbers and images are shown, actions move the latent, nothing overflows.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomObservationSource } from '../../src/evaluation/held-out/random-observation.ts';
import { openSubject } from '../../src/run/subject.ts';
import { heldOutFiles } from '../../web/site/held-out.ts';
import { type SiteServer, serveSite } from '../../web/site/server.ts';
import { createSite } from '../../web/site/site.ts';
import { hasChromium, launchChromium } from '../chromium.ts';
import { recordedParts, writeRecordingExport } from './recording-fixture.ts';

const READY_MS = 240_000;

describe.skipIf(!hasChromium).each(['vector', 'both'] as const)('the page of an encoder of %s', (kind) => {
  const folder = mkdtempSync(join(tmpdir(), 'jepa-recording-page-'));
  let server: SiteServer;
  let browser: Browser;

  beforeAll(async () => {
    const exportFolder = join(folder, kind);
    writeRecordingExport(exportFolder, kind);
    const heldOut = await heldOutFiles(openSubject(exportFolder), randomObservationSource(recordedParts(kind)));
    const site = await createSite({ exportFolder, heldOut, packageRoot: process.cwd(), generator: 'jepa-onnx test' });
    server = await serveSite(site, { host: '127.0.0.1', port: 0 });
    browser = await launchChromium([]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  async function open(width: number, colorScheme: 'light' | 'dark'): Promise<{ page: Page; troubles: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme });
    const troubles: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(error.message));
    await page.goto(`${server.url}?runtime=wasm&threads=1`);
    await page.waitForFunction(() => document.documentElement.dataset.state === 'ready', null, { timeout: READY_MS });
    return { page, troubles };
  }

  test('an observation is its image, its numbers as bars, and a table of them', async () => {
    const { page, troubles } = await open(1280, 'light');
    const images = kind === 'both' ? 1 : 0;
    expect(await page.locator('#observation .seen canvas').count()).toBe(images);
    expect(await page.locator('#observation .seen .bars rect').count()).toBe(5);
    expect(await page.locator('#observation .thumbs .bars').count()).toBe(6);
    expect(await page.locator('#observation .thumbs canvas').count()).toBe(6 * images);
    const rows = await page.locator('.numbers tbody tr').allInnerTexts();
    expect(rows.map((row) => row.split('\t')[0])).toEqual([
      'joints[0]',
      'joints[1]',
      'joints[2]',
      'joints[3]',
      'speed',
    ]);
    const described = page.locator('#observation .seen [role=img]:not([aria-hidden])');
    expect(await described.getAttribute('aria-label')).toMatch(/^Observation \d+, of class point \d$/);
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('actions move the latent; nothing is said of an environment, and where the observations are from is', async () => {
    const { page, troubles } = await open(1280, 'dark');
    expect(await page.locator('#act .actions button').allInnerTexts()).toEqual([
      'move 0',
      'move 1',
      'move 2',
      'push −',
      'push +',
      'Start over',
    ]);
    await page.locator('#act button', { hasText: 'push +' }).click();
    await expect.poll(() => page.locator('#status').innerText()).toMatch(/^push \+: lands in class point \d\.$/);
    expect(await page.locator('#imagined').innerText()).not.toContain('Environment');
    expect(await page.locator('#imagined').innerText()).toMatch(/reward [\d.]+/);
    const notes = await page.locator('#notes').innerText();
    expect(notes).toContain('The recording was not there when this page was made');
    expect(notes).toContain('are not compared with an environment');
    expect(troubles).toEqual([]);
    await page.close();
  });

  test.each([
    [390, 'light'],
    [390, 'dark'],
    [1280, 'dark'],
  ] as const)('at %i px in %s mode nothing is wider than the page or its card', async (width, colorScheme) => {
    const { page, troubles } = await open(width, colorScheme);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    const wide = await page.evaluate(() =>
      Array.from(document.querySelectorAll('.card'), (card) => card.scrollWidth - card.clientWidth),
    );
    expect(wide).toEqual(wide.map(() => 0));
    expect(troubles).toEqual([]);
    await page.close();
  });
});

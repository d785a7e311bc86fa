// `npm run bench:playground`: how long the playground takes in Chromium until collapse is seen (the latents of prediction alone within a
// tenth of their spread before training) and until every class is told apart (prediction and reward). Beside the clock stand the steps,
// and the processor time of the browser, which other work on the machine stretches less.
// Usage: node --import tsx bench/playground-goals.ts [--stills FOLDER] [--patience 600]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { packageRoot, packageVersion } from '../src/machine/package.ts';
import { chromiumSwitches, findChromium } from '../src/verification/chromium.ts';
import { createPlaySite } from '../web/site/play-site.ts';
import { serveSite } from '../web/site/server.ts';

const COLLAPSED_SPREAD = 0.1;

const { values } = parseArgs({
  options: { stills: { type: 'string' }, patience: { type: 'string', default: '600' } },
});
const executablePath = findChromium();
if (executablePath === undefined) throw new Error('bench: expected Chromium, found none');
const site = await createPlaySite({ packageRoot: packageRoot(), name: 'jepa-onnx', version: packageVersion() });
const server = await serveSite(site, { host: '127.0.0.1', port: 0 });

/** Seconds of all processes of a browser. */
type ProcessorSeconds = () => Promise<number>;

async function measure(name: string, query: string, isReached: (page: Page) => Promise<boolean>): Promise<void> {
  const browser = await chromium.launch({ executablePath, args: ['--headless', ...chromiumSwitches] });
  try {
    const session = await browser.newBrowserCDPSession();
    const processor: ProcessorSeconds = async () => {
      const { processInfo } = await session.send('SystemInfo.getProcessInfo');
      return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
    };
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const start = performance.now();
    await page.goto(`${server.url}${query}`);
    await page.waitForFunction(() => document.documentElement.dataset.state === 'ready', undefined, {
      timeout: Number(values.patience) * 1000,
    });
    const ready = performance.now();
    const used = await processor();
    while (!(await isReached(page))) {
      if (performance.now() - start > Number(values.patience) * 1000) throw new Error(`${name}: not reached in time`);
      await page.waitForTimeout(100);
    }
    const seconds = (performance.now() - ready) / 1000;
    const step = await page.textContent('#step');
    console.log(
      `${name}: ${seconds.toFixed(1)} s after the first picture (which came after ${((ready - start) / 1000).toFixed(1)} s), ` +
        `${((await processor()) - used).toFixed(1)} s of processor time, ${step}`,
    );
    if (values.stills !== undefined) await takeStills(page, values.stills, name);
  } finally {
    await browser.close();
  }
}

async function takeStills(page: Page, folder: string, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await page.locator('#play').click();
  await page.locator('canvas.plot').first().press('ArrowRight');
  for (const width of [1440, 390])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(600);
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
}

const numbersOf = (page: Page): Promise<string[]> => page.locator('.number b').allTextContents();

try {
  await measure('collapse', '?auxiliary=none', async (page) => {
    const [, spread] = await numbersOf(page);
    return Number.parseFloat(spread ?? '') < COLLAPSED_SPREAD;
  });
  await measure('five clusters', '?seed=1', async (page) => {
    const verdict = await page.locator('.verdict-word').first().textContent();
    return verdict === 'Distinct';
  });
} finally {
  await server.close();
}

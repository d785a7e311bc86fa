// The picture of the README's results: the four panels of docs/story.html at the end of the training, out of a real Chromium.
// node --import tsx bench/story.ts PICTURE.webp [PAGE.html]
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { packageRoot } from '../src/machine/package.ts';
import { chromiumSwitches, findChromium } from '../src/verification/chromium.ts';

const WIDTH = 1080;
const MARGIN = 6;

const [picture, story = resolve(packageRoot(), 'docs/story.html')] = process.argv.slice(2);
if (picture === undefined) throw new Error('picture: expected PICTURE.webp [PAGE.html]');
const executablePath = findChromium();
if (executablePath === undefined) throw new Error('picture: expected Chromium, found none');
const browser = await chromium.launch({ executablePath, args: ['--headless', ...chromiumSwitches] });
try {
  const page = await browser.newPage({
    viewport: { width: WIDTH, height: 900 },
    colorScheme: 'light',
    deviceScaleFactor: 2,
  });
  await page.goto(pathToFileURL(story).href);
  const panels = await page.locator('.four').boundingBox();
  if (panels === null) throw new Error(`${story}: expected a story with its panels, got none`);
  const clip = {
    x: 0,
    y: panels.y - MARGIN,
    width: WIDTH,
    height: panels.height + 2 * MARGIN,
  };
  await sharp(await page.screenshot({ clip, fullPage: true }))
    .webp({ quality: 88 })
    .toFile(picture);
} finally {
  await browser.close();
}

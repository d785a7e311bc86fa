// The story page in a real browser: the slider, the film with and without motion, and the words.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderStory } from '../../../src/report/story/page.ts';
import { hasChromium, launchChromium } from '../../chromium.ts';
import { fixtureStory } from './story-fixture.ts';

describe.skipIf(!hasChromium)('the story page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jepa-story-'));
  const file = join(folder, 'story.html');
  let browser: Browser;
  const faults: string[] = [];

  beforeAll(async () => {
    writeFileSync(file, renderStory(fixtureStory, { generator: 'jepa-onnx test', command: 'jepa' }));
    browser = await launchChromium(['--disable-gpu']);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  async function open(reducedMotion: 'reduce' | 'no-preference'): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 390, height: 844 }, reducedMotion });
    page.on('pageerror', (error) => faults.push(String(error)));
    await page.goto(`file://${file}`);
    return page;
  }
  const placeOf = (page: Page, dot: number) => page.locator('#panel-1 circle').nth(dot).getAttribute('cx');

  test('keys move the slider, and with it the dots, their label and the words beside it', async () => {
    const page = await open('reduce');
    expect(await placeOf(page, 0)).toBe('-800');
    await page.focus('#step');
    await page.keyboard.press('ArrowLeft');
    expect(await placeOf(page, 0)).toBe('-900');
    expect(await page.textContent('#step-now')).toBe('step 0');
    expect(await page.getAttribute('#step', 'aria-valuetext')).toBe('step 0 of 16');
    expect(await page.getAttribute('#panel-1', 'aria-label')).toContain('step 0: 40% of the pictures');
    await page.close();
  });

  test.each(['reduce', 'no-preference'] as const)('with motion "%s" it plays to its end and stops', async (motion) => {
    const page = await open(motion);
    await page.click('#play');
    expect(await page.textContent('#play')).toBe('Pause');
    await page.waitForFunction(() => document.getElementById('play')?.textContent === 'Play', null, {
      timeout: 30_000,
    });
    expect(await placeOf(page, 0)).toBe('-800');
    await page.close();
  });

  test('two counts are told apart by their word, and one by none', async () => {
    const page = await open('reduce');
    expect(await page.textContent('#walk-0')).toBe('1−10reward 1');
    expect(await page.textContent('#walk-1')).toBe('<2>−11reward 0');
    await page.selectOption('#second', '1');
    expect(await page.textContent('#told')).toContain('The same count');
    await page.selectOption('#second', '0');
    expect(await page.textContent('#told')).toContain('no action is needed');
    await page.close();
  });

  test('nothing went wrong, and nothing is wider than a phone', async () => {
    const page = await open('reduce');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(faults).toEqual([]);
    await page.close();
  });
});

// The report in a real browser: Debian's Chromium, headless, at three widths, light, dark and on paper.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classColours } from '../../src/report/colour.ts';
import { renderReport } from '../../src/report/page.ts';
import { hasChromium, launchChromium } from '../chromium.ts';
import { fixtureReport } from './report-fixture.ts';

// Without a browser there is nothing to look with: apt-get install chromium, or name one in JEPA_CHROMIUM.
describe.skipIf(!hasChromium)('report page in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jepa-report-'));
  const file = join(folder, 'report.html');
  let browser: Browser;
  const troubles: string[] = [];

  beforeAll(async () => {
    writeFileSync(file, await renderReport(fixtureReport));
    browser = await launchChromium(['--disable-gpu']);
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  async function open(width: number, colorScheme: 'light' | 'dark'): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    page.on('console', (message) => troubles.push(message.text()));
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('dialog', (dialog) => troubles.push(`dialog ${dialog.message()}`));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:') && !request.url().startsWith('file:')) troubles.push(request.url());
    });
    await page.goto(`file://${file}`);
    return page;
  }

  test.each([375, 768, 1280])(
    'at %i px nothing is wider than the page, and the answer is on the first screen',
    async (width) => {
      const page = await open(width, 'light');
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      const verdict = await page.locator('.verdict').boundingBox();
      expect(verdict && verdict.y + verdict.height).toBeLessThan(800);
      const picture = await page.locator('.first figure').boundingBox();
      expect(picture?.y).toBeLessThan(400);
      expect(troubles).toEqual([]);
      await page.close();
    },
  );

  test.each(['light', 'dark'] as const)('in %s mode the picture shows every class in its colour', async (scheme) => {
    const page = await open(1280, scheme);
    const { data, channels } = decode(await page.locator('.first .chart').screenshot());
    for (const colour of classColours(3)) {
      const wanted = [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
      let count = 0;
      // Points are drawn at 0.6 of their colour over a grey card; where two overlap they come close to it.
      for (let i = 0; i < data.length; i += channels)
        if (wanted.every((value, c) => Math.abs(data[i + c] - value) < 70)) count++;
      expect(count, colour).toBeGreaterThan(40);
    }
    await page.close();
  });

  test('text has the contrast that WCAG asks for, in both modes', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const page = await open(1280, scheme);
      const pairs = await page.evaluate(() => {
        const bytes = (colour: string) => (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
        const background = (element: Element | null): string => {
          for (let at = element; at; at = at.parentElement) {
            const { backgroundColor } = getComputedStyle(at);
            if (backgroundColor !== 'rgba(0, 0, 0, 0)' && backgroundColor !== 'transparent') return backgroundColor;
          }
          return 'rgb(255, 255, 255)';
        };
        return Array.from(
          document.querySelectorAll('p, li, h1, h2, h3, dt, dd, table:not(.grid) td, th, a, figcaption span'),
          (element) => ({
            text: element.textContent?.slice(0, 20),
            ink: bytes(getComputedStyle(element).color),
            paper: bytes(background(element)),
          }),
        );
      });
      const luminance = (rgb: readonly number[]) => {
        const [r, g, b] = rgb.map((byte) =>
          byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      expect(pairs.length).toBeGreaterThan(20);
      for (const { text, ink, paper } of pairs) {
        const [light, dark] = [luminance(ink), luminance(paper)].sort((a, b) => b - a);
        expect((light + 0.05) / (dark + 0.05), `${scheme}: ${text}`).toBeGreaterThanOrEqual(4.5);
      }
      await page.close();
    }
  });

  test('the keyboard reaches the skip link first, then the sections, and every table', async () => {
    const page = await open(1280, 'light');
    const seen: string[] = [];
    for (let press = 0; press < 12; press++) {
      await page.keyboard.press('Tab');
      seen.push(await page.evaluate(() => `${document.activeElement?.tagName} ${document.activeElement?.className}`));
    }
    expect(seen[0]).toBe('A skip');
    expect(seen.slice(0, 7).filter((each) => each === 'DIV scroll')).toHaveLength(2);
    expect(seen).toContain('SUMMARY ');
    await page.close();
  });

  test('on paper the navigation is gone and nothing is cut off', async () => {
    const page = await open(794, 'dark');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('nav').isVisible()).toBe(false);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(255, 255, 255)');
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await page.close();
  });
});

// Every kind of page against the rules of axe-core, in light and dark, at a desk and on a phone: no violation.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderReport } from '../../src/report/page.ts';
import { type Report, reportSchema } from '../../src/report/report.ts';
import { renderStory } from '../../src/report/story/page.ts';
import { verificationReport } from '../../src/report/verification-report.ts';
import { type SiteServer, serveSite } from '../../web/site/server.ts';
import { createSite } from '../../web/site/site.ts';
import { hasChromium, launchChromium } from '../chromium.ts';
import { writeRunFixture } from '../evaluation/run-fixture.ts';
import { verificationFixture } from '../verification/record-fixture.ts';
import { fixtureReport } from './report-fixture.ts';
import { fixtureStory } from './story/story-fixture.ts';

/** Dark and full cells of a grid, and two tables of one name: what once was hard to read. */
const grids: Report = reportSchema.parse({
  format: 1,
  generator: 'test',
  title: 'grids',
  question: 'Can every number be read?',
  answer: { tone: 'bad', headline: 'Collapsed', sentences: ['A sentence.'] },
  picture: {
    kind: 'table',
    caption: 'First of all a table',
    columns: [{ name: 'runtime' }, { name: 'holds' }],
    rows: [['cpu', { text: 'yes', tone: 'good' }]],
  },
  sections: [
    {
      id: 'classes',
      title: 'Classes',
      finding: 'A finding.',
      blocks: ['large', 'small'].map((shade) => ({
        kind: 'grid',
        caption: 'Confusion',
        rowTitle: 'own class',
        columnTitle: 'nearest centroid',
        names: Array.from({ length: 10 }, (_, i) => `class ${i}`),
        values: Array.from({ length: 100 }, (_, i) => 100 + i),
        digits: 0,
        shade,
      })),
    },
  ],
});

describe.skipIf(!hasChromium)('axe-core finds nothing wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jepa-axe-'));
  let browser: Browser;
  let server: SiteServer;

  beforeAll(async () => {
    browser = await launchChromium(['--disable-gpu']);
    await writeRunFixture(folder);
    const site = await createSite({
      exportFolder: join(folder, 'export'),
      packageRoot: process.cwd(),
      generator: 'jepa-onnx test',
    });
    server = await serveSite(site, { host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  async function violations(page: Page): Promise<string[]> {
    // The pages' policy lets no script in; the tool comes from outside of them.
    await page.evaluate(axe.source);
    const found = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run(document));
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
  }

  const viewings = [
    [1440, 'light'],
    [1440, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const;

  test.each(viewings)('with the reports at %i px in %s mode', async (width, colorScheme) => {
    for (const [name, text] of Object.entries({
      fixture: await renderReport(fixtureReport),
      grids: await renderReport(grids),
      verification: await renderReport(verificationReport(verificationFixture, 'test')),
      story: renderStory(fixtureStory, { generator: 'test', command: 'jepa reproduce' }),
    })) {
      const file = join(folder, `${name}.html`);
      writeFileSync(file, text);
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme, bypassCSP: true });
      await page.goto(`file://${file}`);
      expect(await violations(page), name).toEqual([]);
      await page.close();
    }
  });

  test.each(viewings)('with the page of a run at %i px in %s mode', async (width, colorScheme) => {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme, bypassCSP: true });
    await page.goto(`${server.url}?observations=90&runtime=wasm&threads=1`);
    await page.waitForFunction(() => document.documentElement.dataset.state === 'ready', null, { timeout: 240_000 });
    expect(await violations(page)).toEqual([]);
    await page.close();
  });
});

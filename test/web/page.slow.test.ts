// The page in a real Chromium, as `jepa serve` serves it and as a folder under a path of a plain host: every runtime gives
// the numbers of onnxruntime-node, actions move the latent, and nothing is asked of any other origin.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mediaTypes, type SiteServer, serveSite } from '../../web/site/server.ts';
import { createSite, type Site } from '../../web/site/site.ts';
import { writeSite } from '../../web/site/static-folder.ts';
import { hasChromium, launchChromium, softwareWebGpu } from '../chromium.ts';
import { writeRunFixture } from '../evaluation/run-fixture.ts';
import { openWebServer, type WebServer } from './web-server.ts';

const READY_MS = 240_000;
/** Few, since WebGPU in software takes tens of milliseconds for each. */
const OBSERVATIONS = 90;

describe.skipIf(!hasChromium)('the page in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jepa-page-'));
  let site: Site;
  let server: SiteServer;
  let browser: Browser;

  beforeAll(async () => {
    await writeRunFixture(folder);
    site = await createSite({
      exportFolder: join(folder, 'export'),
      packageRoot: process.cwd(),
      generator: 'jepa-onnx test',
    });
    server = await serveSite(site, { host: '127.0.0.1', port: 0 });
    browser = await launchChromium(softwareWebGpu);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  interface Opened {
    readonly page: Page;
    readonly troubles: string[];
  }

  async function open(
    url: string,
    { state = 'ready', ...viewing }: { state?: string; width?: number; colorScheme?: 'light' | 'dark' } = {},
  ): Promise<Opened> {
    const page = await browser.newPage({
      viewport: { width: viewing.width ?? 1280, height: 844 },
      colorScheme: viewing.colorScheme ?? 'light',
    });
    const troubles: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('request', (request) => {
      const asked = request.url();
      if (new URL(asked).origin !== new URL(url).origin && !/^(?:data|blob):/.test(asked)) troubles.push(asked);
    });
    await page.goto(url);
    await page.waitForFunction((wanted) => document.documentElement.dataset.state === wanted, state, {
      timeout: READY_MS,
    });
    return { page, troubles };
  }

  /** The table of measurements: names of its columns -> what stands there. */
  function measured(page: Page): Promise<Record<string, string>> {
    return page.evaluate(() => {
      const texts = (selector: string) =>
        Array.from(document.querySelectorAll(`#measured-table ${selector}`), (cell) => cell.textContent ?? '');
      const cells = texts('td');
      return Object.fromEntries(texts('th').map((name, i) => [name, cells[i]]));
    });
  }

  const address = (query: string) => `${server.url}?observations=${OBSERVATIONS}&${query}`;

  describe('gives the same answer on every runtime', () => {
    const tables: Record<string, string>[] = [];

    test.each([
      ['runtime=wasm&threads=1', 'WebAssembly', 'CPU', '1'],
      ['runtime=wasm&threads=2', 'WebAssembly', 'CPU', '2'],
      ['runtime=webgpu', 'WebGPU', 'google swiftshader', '1'],
    ])('%s', async (query, runtime, provider, threads) => {
      const { page, troubles } = await open(address(query));
      const table = await measured(page);
      expect(table).toMatchObject({ Runtime: runtime, Provider: provider, Threads: threads, Observations: '90' });
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      expect(table['Time per observation']).toMatch(/^[\d.]+ ms$/);
      tables.push(table);
      expect(troubles).toEqual([]);
      await page.close();
    });

    test('in accuracy, gap ratio and verdict', () => {
      expect(tables).toHaveLength(3);
      const answers = tables.map(({ Accuracy, 'Centroid gap ratio': gap, Verdict }) => [Accuracy, gap, Verdict]);
      expect(answers[0][0]).toMatch(/^[\d.]+%$/);
      for (const answer of answers) expect(answer).toEqual(answers[0]);
    });

    test('and chooses WebAssembly by itself where WebGPU is software, and says why', async () => {
      const { page, troubles } = await open(address(''));
      expect((await measured(page)).Runtime).toBe('WebAssembly');
      expect(await page.locator('#notes').innerText()).toContain('(google swiftshader) computes in software');
      expect(troubles).toEqual([]);
      await page.close();
    });
  });

  describe('on the keyboard', () => {
    const chosen = (page: Page) =>
      page.evaluate(() => document.querySelector('#observation canvas')?.getAttribute('aria-label'));
    const placeOfLanded = (page: Page) =>
      page.evaluate(() => document.querySelector('#plot polyline')?.getAttribute('points'));

    test('arrow keys move from latent to latent and are told to a screen reader', async () => {
      const { page, troubles } = await open(address('runtime=wasm&threads=1'));
      const before = await chosen(page);
      await page.locator('#plot').focus();
      for (const key of ['ArrowRight', 'ArrowLeft', 'ArrowUp', 'ArrowDown']) {
        await page.keyboard.press(key);
        if ((await chosen(page)) !== before) break;
        await page.waitForTimeout(100);
      }
      await expect.poll(() => chosen(page)).not.toBe(before);
      const number = /Observation (\d+)/.exec((await chosen(page)) ?? '')?.[1];
      await expect.poll(() => page.locator('#status').innerText()).toContain(`Observation ${number}, class`);
      expect(troubles).toEqual([]);
      await page.close();
    });

    test('an action moves the predicted latent, the next one moves it on, and starting over takes it back', async () => {
      const { page, troubles } = await open(address('runtime=wasm&threads=1'));
      expect(await placeOfLanded(page)).toBeUndefined();
      await page.locator('#act button', { hasText: '+1' }).focus();
      await page.keyboard.press('Enter');
      await expect.poll(async () => (await placeOfLanded(page))?.split(' ').length).toBe(2);
      const once = await placeOfLanded(page);
      await page.keyboard.press('Space');
      await expect.poll(async () => (await placeOfLanded(page))?.split(' ').length).toBe(3);
      expect(await placeOfLanded(page)).not.toBe(once);
      expect(await page.locator('#status').innerText()).toMatch(/^\+1: lands in class \d/);
      expect(await page.locator('.steps').innerText()).toMatch(/\+1 →/);
      expect(await page.locator('#imagined').innerText()).toMatch(/reward [\d.]+ \(true: [01]\)/);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await expect.poll(() => placeOfLanded(page)).toBeUndefined();
      expect(troubles).toEqual([]);
      await page.close();
    });

    test('the focus is seen wherever it goes: link, picture, buttons, table, settings', async () => {
      const { page } = await open(address('runtime=wasm&threads=1'));
      const seen: string[] = [];
      // Up to the last one, after which the focus leaves the page.
      for (let press = 0; press < 11; press++) {
        await page.keyboard.press('Tab');
        seen.push(
          await page.evaluate(() => {
            const { activeElement: at } = document;
            if (at === null) return 'nothing';
            const isSeen = getComputedStyle(at).outlineStyle === 'solid' || at.matches('.skip');
            return `${at.id || at.className || at.textContent} ${isSeen ? 'seen' : 'not seen'}`;
          }),
        );
      }
      expect(seen.slice(0, 2)).toEqual(['skip seen', 'plot seen']);
      expect(seen).toContain('plan seen');
      expect(seen).toContain('scroll seen');
      expect(seen.filter((each) => each.endsWith('not seen'))).toEqual([]);
      await page.close();
    });
  });

  test('a plan is followed step by step, in imagination and in the environment', async () => {
    const { page, troubles } = await open(address('runtime=wasm&threads=1'));
    await page.emulateMedia({ reducedMotion: 'reduce' });
    // The class in which the latent is not yet: never trained, these networks may put it anywhere.
    const landed = await page.locator('#imagined dd').first().innerText();
    await page.locator('#goal').selectOption(landed === '0' ? '1' : '0');
    await page.locator('#plan').click();
    await expect
      .poll(() => page.locator('#status').innerText())
      .toMatch(/^Planned [+-]1.*out of \d+ predicted latents/);
    const said = await page.locator('#status').innerText();
    const planned = /Planned (.*?), out/.exec(said)?.[1].split(', ') ?? [];
    const listed = (await page.locator('.steps').innerText()).match(/[+-]1(?= →)/g) ?? [];
    expect(listed).toEqual(planned.slice(-listed.length));
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('the pointer shows the observation under it, a press starts from there', async () => {
    const { page, troubles } = await open(address('runtime=wasm&threads=1'));
    const place = await page.evaluate(() => {
      const box = document.querySelectorAll('#plot .point circle')[40].getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    });
    await page.mouse.move(place[0], place[1]);
    const ring = await page.evaluate(() => {
      const box = document.querySelector('#plot .ring')?.getBoundingClientRect();
      return box && [box.x + box.width / 2, box.y + box.height / 2];
    });
    for (const axis of [0, 1]) expect(Math.abs((ring?.[axis] ?? 0) - place[axis])).toBeLessThan(2);
    await page.mouse.click(place[0], place[1]);
    await expect.poll(() => page.locator('#status').innerText()).toMatch(/^Observation \d+, class \d+\. Nearest: /);
    expect(await page.locator('#observation .thumbs canvas').count()).toBe(6);
    expect(troubles).toEqual([]);
    await page.close();
  });

  test.each([
    [390, 'light'],
    [390, 'dark'],
    [768, 'light'],
    [1280, 'dark'],
  ] as const)(
    'at %i px in %s mode nothing is wider than the page, and verdict and picture are on the first screen',
    async (width, colorScheme) => {
      const { page, troubles } = await open(address('runtime=wasm&threads=1'), { width, colorScheme });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      for (const place of ['#verdict', '#plot']) {
        const box = await page.locator(place).boundingBox();
        expect(box && box.y + box.height, place).toBeLessThan(844);
      }
      // Something is drawn in every class's colour, outside of the labels.
      expect(await page.locator('#plot .point circle').count()).toBe(OBSERVATIONS);
      expect(troubles).toEqual([]);
      await page.close();
    },
  );

  describe('as a folder under a path of a plain host', () => {
    let host: WebServer;
    const missing = new Set<string>();

    beforeAll(async () => {
      const target = join(folder, 'site');
      await writeSite(site, target);
      host = await openWebServer((request, response) => {
        const path = (request.url ?? '').split('?')[0].replace(/^\/some\/path\//, '') || 'index.html';
        if (!(request.url ?? '').startsWith('/some/path/') || missing.has(path)) {
          response.writeHead(404).end();
          return;
        }
        const type = mediaTypes[extname(path)] ?? 'application/octet-stream';
        response.writeHead(200, { 'Content-Type': type }).end(readFileSync(join(target, path)));
      });
    });
    afterAll(() => host.close());

    test('measures with one thread, and says what several need', async () => {
      const { page, troubles } = await open(`${host.url}some/path/?observations=${OBSERVATIONS}&threads=2`);
      expect(await measured(page)).toMatchObject({ Runtime: 'WebAssembly', Threads: '1' });
      expect(await page.locator('#notes').innerText()).toContain('not cross-origin isolated');
      expect(troubles).toEqual([]);
      await page.close();
    });

    test.each(['page.js', 'worker.js'])('says that %s did not come, instead of measuring for ever', async (path) => {
      missing.clear();
      missing.add(path);
      const page = await browser.newPage();
      await page.goto(`${host.url}some/path/`);
      const said = path === 'page.js' ? '#unstarted' : '#alert';
      await expect.poll(() => page.locator(said).innerText(), { timeout: 60_000 }).toMatch(/script/);
      await expect
        .poll(async () => (await page.locator(said).boundingBox())?.height ?? 0, { timeout: 60_000 })
        .toBeGreaterThan(40);
      expect(await page.locator('#verdict').innerText()).toMatch(/^Not measured/);
      expect(await page.locator('#progress').isVisible()).toBe(false);
      missing.clear();
      await page.close();
    });

    test('opened as a file, says how to open it', async () => {
      const page = await browser.newPage();
      await page.goto(`file://${join(folder, 'site', 'index.html')}`);
      await expect
        .poll(async () => (await page.locator('#unstarted').boundingBox())?.height ?? 0, { timeout: 60_000 })
        .toBeGreaterThan(40);
      expect(await page.locator('#unstarted').innerText()).toContain('Serve its folder');
      expect(await page.locator('#verdict').innerText()).toBe('Not measured yet');
      await page.close();
    });

    test.each([
      ['model/predictor.onnx', /predictor\.onnx: expected a file, got status 404/],
      ['model/export.json', /export\.json: expected a file, got status 404/],
      ['runtime/ort-wasm-simd-threaded.wasm', /onnxruntime-web: expected to start, got:/],
    ])('says where %s is missing', async (path, message) => {
      missing.add(path);
      const { page } = await open(`${host.url}some/path/?runtime=wasm`, { state: 'failed' });
      expect(await page.getByRole('alert').innerText()).toMatch(message);
      expect(await page.locator('#verdict').innerText()).toBe('Not measured');
      missing.clear();
      await page.close();
    });
  });

  test('where WebGPU is asked for and is not there, says so and offers WebAssembly', async () => {
    const plain = await launchChromium(['--disable-features=WebGPU', '--disable-gpu']);
    try {
      const page = await plain.newPage();
      await page.goto(address('runtime=webgpu'));
      const alert = page.getByRole('alert');
      await alert.waitFor({ timeout: READY_MS });
      expect(await alert.innerText()).toMatch(/WebGPU: expected a graphics adapter, got none/);
      await alert.getByRole('link', { name: 'Measure with WebAssembly' }).click();
      await page.waitForFunction(() => document.documentElement.dataset.state === 'ready', null, { timeout: READY_MS });
    } finally {
      await plain.close();
    }
  });

  test('the page answers while it measures, and its settings show what was used', async () => {
    const page = await browser.newPage();
    await page.goto(`${server.url}?observations=1500&runtime=wasm&threads=1`);
    const longest = await page.evaluate(async () => {
      const isMeasuring = () =>
        document.documentElement.dataset.state === 'measuring' && !document.querySelector('#plot circle');
      let last = performance.now();
      let worst = 0;
      while (isMeasuring() && document.querySelector('#progress')?.getAttribute('value') !== '1') {
        await new Promise((resolve) => setTimeout(resolve, 5));
        worst = Math.max(worst, performance.now() - last);
        last = performance.now();
      }
      return worst;
    });
    // Encoding and judging so many took the page itself seconds at a time.
    expect(longest).toBeLessThan(1500);
    await page.waitForFunction(() => document.documentElement.dataset.state === 'ready', null, { timeout: READY_MS });
    const settings = await page
      .locator('#settings select')
      .evaluateAll((all) => all.map((each) => (each instanceof HTMLSelectElement ? each.selectedOptions[0].text : '')));
    expect(settings).toEqual(['WebAssembly', '1', '1500']);
    expect((await measured(page)).Observations).toBe('1,500');
    await page.goto(`${server.url}?observations=2`);
    await page.waitForFunction(() => document.documentElement.dataset.state === 'ready', null, { timeout: READY_MS });
    expect(
      await page
        .locator('#settings select')
        .last()
        .evaluate((each) => (each instanceof HTMLSelectElement ? each.selectedOptions[0].text : '')),
    ).toBe('2: 72 measured');
    await page.close();
  });

  test('who wishes less motion sees the latent at its new place at once', async () => {
    const { page } = await open(address('runtime=wasm&threads=1'));
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.locator('#act button', { hasText: '+1' }).click();
    await page.locator('#plot .landed').waitFor();
    const duration = await page.evaluate(() => {
      const mark = document.querySelector('#plot .landed');
      return mark && getComputedStyle(mark).transitionDuration;
    });
    expect(duration).toBe('0s');
    await page.close();
  });
});

// The first picture of the README: the playground's story "Rescue" as a short film, out of a real Chromium. The trainings are done first
// and then gone through by the page's own slider, so that the film is the same however fast the machine is.
// node --import tsx bench/playground.ts [FILM.webp] [--stills FOLDER]
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { packageRoot, packageVersion } from '../src/machine/package.ts';
import { openRuntime } from '../src/runtimes/index.ts';
import { chromiumSwitches, findChromium } from '../src/verification/chromium.ts';
import type { Frame, Imagined } from '../web/play/protocol.ts';
import { PlaySession } from '../web/play/session.ts';
import { writeSettings } from '../web/play/setting.ts';
import { stories } from '../web/play/story.ts';
import { createPlaySite } from '../web/site/play-site.ts';
import { serveSite } from '../web/site/server.ts';

/** Moments of the film: dense at first, where most happens. */
const MOMENTS = 20;
/** Of the film: by then the predictor beside the reward knows most of what there is to know. */
const STEPS = 640;
const FRAME_MS = 180;
const LAST_FRAME_MS = 2600;
const WIDTH = 1080;
/** A training on a busy machine. */
const PATIENCE_MS = 900_000;

const { values, positionals } = parseArgs({ options: { stills: { type: 'string' } }, allowPositionals: true });
const executablePath = findChromium();
if (executablePath === undefined) throw new Error('film: expected Chromium, found none');
const site = new Map(
  await createPlaySite({ packageRoot: packageRoot(), name: 'jepa-onnx', version: packageVersion() }),
);
site.set('play-worker.js', { content: new TextEncoder().encode(await replayScript()) });
const server = await serveSite(site, { host: '127.0.0.1', port: 0 });
const browser = await chromium.launch({ executablePath, args: ['--headless', ...chromiumSwitches] });
try {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 }, colorScheme: 'light' });
  page.on('console', (message) => process.stderr.write(`${message.type()}: ${message.text()}\n`));
  page.on('pageerror', (error) => process.stderr.write(`${error.message}\n`));
  await page.goto(`${server.url}?${writeSettings(stories[0].settings)}&step=${STEPS}`);
  await page.waitForFunction(() => document.documentElement.dataset.state === 'still', undefined, {
    timeout: PATIENCE_MS,
  });
  if (values.stills !== undefined) await takeStills(page, values.stills);
  if (positionals[0] !== undefined) await writeFile(positionals[0], await film(page));
} finally {
  await browser.close();
  await server.close();
}

/** A worker that shows what both trainings of the story were: trained here, on onnxruntime-node, which is faster than a busy browser. */
async function replayScript(): Promise<string> {
  const runtime = await openRuntime('cpu', { threads: 1 });
  const recorded: [string, unknown][] = [];
  for (const setting of stories[0].settings) {
    const session = await PlaySession.open(setting, runtime);
    const opened = session.describe(1);
    const frames: Frame[] = [];
    /** What the first observation's latent says of its image, at every moment: what the page asks for by itself. */
    const dreams: Imagined[][] = [];
    const record = async () => {
      frames.push(await session.look(true));
      dreams.push(await session.imagine(0, []));
    };
    await record();
    for (let moment = 1; moment <= MOMENTS; moment++) {
      const step = Math.max(moment, Math.round(STEPS * (moment / MOMENTS) ** 1.7));
      while (session.stepsDone < step) await session.train();
      await record();
    }
    await session.dispose();
    recorded.push([JSON.stringify(setting), { opened, frames, dreams }]);
    process.stderr.write(`${recorded.length} of ${stories[0].settings.length} trained\n`);
  }
  await runtime.dispose();
  const text = JSON.stringify(recorded, (_, value) =>
    ArrayBuffer.isView(value) ? { type: value.constructor.name, values: Array.from(value as Uint8Array) } : value,
  );
  return `const recorded = new Map(JSON.parse(${JSON.stringify(text)}, (_, value) =>
  value && value.type ? globalThis[value.type].from(value.values) : value));
let own;
let shown = 0;
const show = (moment) => {
  shown = moment;
  postMessage({ kind: 'frame', frame: own.frames[moment], isLast: moment === own.frames.length - 1 });
};
addEventListener('message', ({ data }) => {
  if (data.kind === 'open') {
    own = recorded.get(JSON.stringify(data.setting));
    postMessage({ kind: 'opened', opened: own.opened });
    show(0);
  }
  if (data.kind === 'train') for (let moment = 1; moment < own.frames.length; moment++) show(moment);
  if (data.kind === 'imagine') {
    const isRecorded = data.observation === 0 && data.actions.length === 0;
    postMessage({ kind: 'imagined', id: data.id, steps: isRecorded ? own.dreams[shown] : [] });
  }
});`;
}

async function film(page: Page): Promise<Uint8Array> {
  await page.setViewportSize({ width: WIDTH, height: 900 });
  await page.evaluate(() => document.querySelector('#panels')?.scrollIntoView());
  const last = Number(await page.getAttribute('#time', 'max'));
  const frames: Buffer[] = [];
  for (let moment = 0; moment <= MOMENTS; moment++) {
    await goTo(page, Math.max(moment, Math.round(last * (moment / MOMENTS) ** 1.7)));
    frames.push(await page.locator('#panels').screenshot());
  }
  const cropped = await Promise.all(frames.map((frame) => cropToCurves(page, frame)));
  const delay = cropped.map((_, index) => (index === cropped.length - 1 ? LAST_FRAME_MS : FRAME_MS));
  return sharp(cropped, { join: { animated: true } })
    .webp({ quality: 82, effort: 5, loop: 0, delay })
    .toBuffer();
}

/** Down to the curves of the prediction; buttons are for the page itself. */
async function cropToCurves(page: Page, frame: Buffer): Promise<Buffer> {
  const height = await page.evaluate(() => {
    const top = document.querySelector('#panels')?.getBoundingClientRect().top ?? 0;
    const bottoms = Array.from(document.querySelectorAll('.prediction'), (each) => each.getBoundingClientRect().bottom);
    return Math.max(...bottoms) - top + 8;
  });
  const { width, height: whole } = await sharp(frame).metadata();
  return sharp(frame)
    .extract({ left: 0, top: 0, width, height: Math.min(whole, Math.round(height)) })
    .png()
    .toBuffer();
}

async function goTo(page: Page, step: number): Promise<void> {
  await page.evaluate((wanted) => {
    const slider = document.querySelector<HTMLInputElement>('#time');
    if (slider === null) return;
    slider.value = String(wanted);
    slider.dispatchEvent(new Event('input'));
  }, step);
  // Points glide to their places.
  await page.waitForTimeout(450);
}

/** The whole page as a desktop and a phone show it, light and dark. */
async function takeStills(page: Page, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const width of [1440, 390])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(() => scrollTo(0, 0));
      await page.waitForTimeout(600);
      await page.screenshot({ path: join(folder, `${width}-${colorScheme}.png`), fullPage: true });
    }
  await page.emulateMedia({ colorScheme: 'light' });
}

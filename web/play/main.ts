// Starts the playground: stories, one or two trainings, the bar that runs them and goes back in time, and the address that keeps it all.
import * as z from 'zod';
import { JepaError } from '../../src/error.ts';
import { byId, element } from '../page/view/dom.ts';
import { chooseRuntime, surroundings } from '../runtime-choice.ts';
import type { TrainingOptions } from './client.ts';
import { KEPT_EXPORT } from './kept-export.ts';
import { defaultSetting, type Place, places, readPlace, readSettings, type Setting, writeSettings } from './setting.ts';
import { type Story, sameSettings, stories } from './story.ts';
import { Panel } from './view/panel.ts';

// zod would try whether it may make code from text, which the page's policy reports.
z.config({ jitless: true });

const address = (path: string): string => new URL(path, document.baseURI).href;
const isReduced = matchMedia('(prefers-reduced-motion: reduce)').matches;
const runtimeNames: Readonly<Record<Place, string>> = {
  wasm: 'ort-wasm-simd-threaded',
  webgpu: 'ort-wasm-simd-threaded.asyncify',
};

function trainingOn(on: Place): TrainingOptions {
  const file = `runtime/${runtimeNames[on]}`;
  return {
    script: address('play-worker.js'),
    on,
    runtime: { mjs: address(`${file}.js`), wasm: address(`${file}.wasm`) },
    threads: 1,
    version: document.documentElement.dataset.version ?? '',
  };
}

const play = element('button', { type: 'button', id: 'play', class: 'main' }, 'Pause');
const again = element('button', { type: 'button', id: 'again' }, 'Start over');
const beside = element('button', { type: 'button', id: 'beside', 'aria-pressed': 'false' }, 'Compare two');
const share = element('button', { type: 'button', id: 'share' }, 'Copy link');
const time = element('input', {
  type: 'range',
  id: 'time',
  min: 0,
  max: 1,
  value: 0,
  'aria-label': 'Step of the training',
});
const stepText = element('output', { id: 'step', for: 'time' }, 'Loading');

let panels: Panel[] = [];
let place: Place = 'wasm';
let hasGraphics: boolean | undefined;
/** What is wanted: training, unless the reader stopped it. */
let isPlaying = false;
/** A step at which an address asks to stop. */
let until: number | undefined;
let isFollowing = true;

function start(settings: readonly Setting[], colourBy?: string): void {
  for (const panel of panels) panel.end();
  isFollowing = true;
  document.documentElement.dataset.state = 'loading';
  panels = settings.map(
    (setting, index) =>
      new Panel(
        {
          setting,
          training: trainingOn(place),
          colourBy,
          isReduced,
          isOpen: settings.length === 1 && innerWidth > 900,
        },
        {
          onSetting: (changed) => {
            isPlaying = true;
            until = undefined;
            start(settings.map((each, other) => (other === index ? changed : each)));
          },
          onPlace: (chosen) => {
            place = chosen;
            isPlaying = true;
            until = undefined;
            start(settings, colourBy);
          },
          onFrame,
          onFailed: (error) => (place === 'wasm' ? showError(error) : fallBack(error, settings, colourBy)),
          onPause: pause,
          announce,
          onExport: keepExport,
        },
      ),
  );
  byId('panels').replaceChildren(...panels.map(({ element: each }) => each));
  byId('panels').className = `panels-${panels.length}`;
  beside.setAttribute('aria-pressed', String(panels.length > 1));
  beside.textContent = panels.length > 1 ? 'Show one' : 'Compare two';
  showStory(settings);
  showPlace();
  void offerPlaces();
  keepAddress();
  showBar();
}

/** A browser may have WebGPU, and yet fail at it: the same training again, by WebAssembly. */
function fallBack(error: Error, settings: readonly Setting[], colourBy: string | undefined): void {
  place = 'wasm';
  start(settings, colourBy);
  showPlace(`Not computed by WebGPU: ${error.message}. WebAssembly computes instead.`);
}

function showPlace(
  text = place === 'webgpu'
    ? 'Computed by WebGPU: numbers may differ from WebAssembly’s by rounding, and by more with every step.'
    : '',
): void {
  byId('place').textContent = text;
  byId('place').hidden = text === '';
}

/** Offers WebGPU where the browser gives an adapter. */
async function offerPlaces(): Promise<void> {
  hasGraphics ??= await hasAdapter();
  if (hasGraphics) for (const panel of panels) panel.offer(places);
}

async function hasAdapter(): Promise<boolean> {
  return chooseRuntime('webgpu', 1, surroundings()).then(
    () => true,
    () => false,
  );
}

function showStory(settings: readonly Setting[]): void {
  const story = stories.find((each) => sameSettings(each.settings, settings));
  for (const button of byId('stories').querySelectorAll('button'))
    button.setAttribute('aria-pressed', String(button.dataset.story === story?.id));
  byId('story').textContent =
    story?.words ?? 'Your own setting. Every knob starts the training anew, from the same seed.';
}

function keepAddress(step?: number): void {
  const parameters = writeSettings(panels.map(({ setting }) => setting));
  if (place !== 'wasm') parameters.set('on', place);
  if (step !== undefined) parameters.set('step', String(step));
  const query = parameters.toString();
  history.replaceState(null, '', query === '' ? location.pathname : `?${query}`);
}

function onFrame(isLast: boolean): void {
  if (panels.every(({ isReady }) => isReady) && document.documentElement.dataset.state === 'loading') {
    document.documentElement.dataset.state = 'ready';
    if (isPlaying) for (const panel of panels) panel.train(until);
  }
  if (isLast && panels.every((panel) => panel.isDone || (until !== undefined && panel.step >= until))) {
    isPlaying = false;
    until = undefined;
    document.documentElement.dataset.state = 'still';
  }
  showBar();
}

function showBar(): void {
  const [steps, done] = [
    Math.max(1, ...panels.map((panel) => panel.steps)),
    Math.max(0, ...panels.map(({ step }) => step)),
  ];
  time.max = String(Math.max(1, done));
  if (isFollowing) time.value = String(done);
  const isOver = panels.length > 0 && panels.every(({ isDone }) => isDone);
  play.textContent = isPlaying ? 'Pause' : isOver ? 'Done' : 'Train';
  play.toggleAttribute('disabled', isOver && !isPlaying);
  stepText.textContent = `step ${isFollowing ? done : time.value} of ${steps}`;
}

function pause(): void {
  isPlaying = false;
  until = undefined;
  for (const panel of panels) panel.pause();
  keepAddress(Math.max(...panels.map(({ step }) => step)));
  showBar();
}

function go(): void {
  isPlaying = true;
  isFollowing = true;
  for (const panel of panels) {
    panel.showStep(undefined);
    panel.train();
  }
  document.documentElement.dataset.state = 'ready';
  keepAddress();
  showBar();
}

/** Lays an export where the explorer finds it; gives its address. */
async function keepExport(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const cache = await caches.open(KEPT_EXPORT);
  for (const [name, bytes] of files) await cache.put(address(`model/${name}`), new Response(Uint8Array.from(bytes)));
  return address('explore.html?from=playground');
}

function announce(text: string): void {
  byId('status').textContent = text;
}

function showError(error: Error): void {
  isPlaying = false;
  document.documentElement.dataset.state = 'failed';
  const remedy = error instanceof JepaError ? error.remedy : undefined;
  const alert = byId('alert');
  alert.replaceChildren(
    element('p', {}, element('b', {}, error.message)),
    ...(remedy === undefined ? [] : [element('p', {}, remedy)]),
  );
  alert.hidden = false;
}

function tell(story: Story): void {
  isPlaying = true;
  until = undefined;
  start(story.settings, story.colourBy);
}

function fillPage(): void {
  byId('stories').append(
    ...stories.map((story) => {
      const button = element(
        'button',
        { type: 'button', 'data-story': story.id, 'aria-pressed': 'false' },
        story.title,
      );
      button.addEventListener('click', () => tell(story));
      return button;
    }),
  );
  for (const link of document.querySelectorAll<HTMLAnchorElement>('.lead a[data-story]'))
    link.addEventListener('click', (event) => {
      const story = stories.find(({ id }) => id === link.dataset.story);
      // With a key held down a link opens elsewhere.
      if (story === undefined || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      tell(story);
    });
  byId('bar').append(play, time, stepText, again, beside, share);
  play.addEventListener('click', () => (isPlaying ? pause() : go()));
  again.addEventListener('click', () => {
    isPlaying = true;
    until = undefined;
    start(panels.map(({ setting }) => setting));
  });
  beside.addEventListener('click', () => {
    isPlaying = true;
    const settings = panels.map(({ setting }) => setting);
    start(settings.length > 1 ? settings.slice(0, 1) : [settings[0], settings[0]]);
  });
  time.addEventListener('input', () => {
    isFollowing = Number(time.value) >= Number(time.max);
    for (const panel of panels) panel.showStep(isFollowing ? undefined : Number(time.value));
    showBar();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const panel of panels) panel.repaint();
  });
  share.addEventListener('click', () => {
    navigator.clipboard.writeText(location.href).then(
      () => {
        share.textContent = 'Copied';
        announce('The link is copied.');
      },
      () => announce(`The address of this page is the link: ${location.href}`),
    );
  });
}

function draw(now: number): void {
  for (const panel of panels) panel.draw(now);
  requestAnimationFrame(draw);
}

try {
  fillPage();
  place = readPlace(location.search);
  const asked = readSettings(location.search);
  const step = Number(new URLSearchParams(location.search).get('step') ?? Number.NaN);
  until = Number.isInteger(step) && step > 0 ? step : undefined;
  // One who wants no motion starts it.
  isPlaying = !isReduced || until !== undefined;
  const story = stories.find((each) => sameSettings(each.settings, asked ?? stories[0].settings));
  start(asked ?? stories[0].settings, story?.colourBy);
  requestAnimationFrame(draw);
} catch (error) {
  showError(error instanceof Error ? error : new Error(String(error)));
  if (panels.length === 0) start([defaultSetting]);
}

// One training on the page: its picture, its numbers, its verdict, the image that is pointed at, its actions and its knobs. Keeps
// what the training was at every moment, so that one can go back.

import { classColours } from '../../../src/report/colour.ts';
import { element } from '../../page/view/dom.ts';
import { createImage, type ImageSet, paintImage } from '../../page/view/image.ts';
import { Training, type TrainingOptions } from '../client.ts';
import type { Frame, Imagined, Labelling, Opened } from '../protocol.ts';
import { hasObjective, type Place, type Setting } from '../setting.ts';
import {
  legendWords,
  percent,
  predictionSentence,
  shortNumber,
  titleOf,
  verdictSentence,
  verdictWord,
} from '../words.ts';
import { playWorlds } from '../world.ts';
import { createKnobs, createPlaceKnob } from './knobs.ts';
import { fillLegend } from './legend.ts';
import { Plot } from './plot.ts';
import { createPredictionChart } from './prediction.ts';
import { createSparkline } from './sparkline.ts';

/** Moments that are kept; of more, every other one of the older half goes. */
const KEPT_FRAMES = 900;

export interface PanelEvents {
  onSetting(setting: Setting): void;
  onPlace(place: Place): void;
  /** A moment came; the last one of what was asked for. */
  onFrame(isLast: boolean): void;
  onFailed(error: Error): void;
  /** The reader wants to look closely. */
  onPause(): void;
  announce(text: string): void;
  onExport(files: ReadonlyMap<string, Uint8Array>): Promise<string>;
}

export interface PanelOptions {
  readonly setting: Setting;
  readonly training: TrainingOptions;
  /** Name of the labelling to colour by. */
  readonly colourBy: string | undefined;
  readonly isReduced: boolean;
  readonly isOpen: boolean;
}

export class Panel {
  readonly element: HTMLElement;
  readonly setting: Setting;
  readonly #events: PanelEvents;
  readonly #options: PanelOptions;
  readonly #training: Training | undefined;
  readonly #plot: Plot;
  readonly #verdict = element('span', { class: 'tag plain verdict-word' }, 'Loading');
  readonly #sentence = element('p', { class: 'sentence' }, 'Loading the browser’s own trainer.');
  readonly #colourBy = element('select', { 'aria-label': 'Colour by' });
  readonly #look = element('div', { class: 'look' });
  readonly #dream = element('div', { class: 'look dream' });
  readonly #caption = element('p', { class: 'caption' }, 'Point at a latent to see its image.');
  readonly #actions = element('div', { class: 'actions', role: 'group', 'aria-label': 'Imagine an action' });
  readonly #legend = element('p', { class: 'colours' });
  readonly #pictureNote = element(
    'span',
    { class: 'picture-note', hidden: '' },
    'Dashed: the spread before training. Lines: how far predictions ○ miss.',
  );
  readonly #prediction = createPredictionChart();
  readonly #knobs: HTMLElement;
  readonly #export = element('p', { class: 'export caption' });
  readonly #numbers = {
    loss: createSparkline('Loss', 'What training makes small: prediction and auxiliary task together.', 'logarithm'),
    spread: createSparkline('Spread', 'Mean distance of two latents, over that before training.', 'logarithm'),
    accuracy: createSparkline(
      'Accuracy',
      'Share of unseen images whose latent is nearest to the middle of its class.',
      'share',
    ),
  };
  #opened: Opened | undefined;
  #images: ImageSet | undefined;
  #canvas: HTMLCanvasElement | undefined;
  #dreamCanvas: HTMLCanvasElement | undefined;
  /** The observation whose dream is to be asked for next. */
  #wanted: number | undefined;
  #isAsking = false;
  /** Raised by every dream that is asked for: what comes late is not shown. */
  #dreams = 0;
  #frames: Frame[] = [];
  #shown = -1;
  #selected: number | undefined;
  #taken: number[] = [];
  #path: readonly Imagined[] = [];
  #said = '';

  constructor(options: PanelOptions, events: PanelEvents) {
    this.#options = options;
    this.#events = events;
    this.setting = options.setting;
    const canvas = element('canvas', { class: 'plot', tabindex: 0, role: 'img', 'aria-label': 'Latents, loading' });
    this.#plot = new Plot(canvas);
    this.#knobs = createKnobs(this.setting, (setting) => this.#events.onSetting(setting));
    this.element = element(
      'section',
      { class: 'panel', 'aria-label': titleOf(this.setting) },
      element('div', { class: 'head' }, element('h2', {}, titleOf(this.setting)), this.#verdict),
      this.#sentence,
      element('div', { class: 'stage' }, canvas, this.#pictureNote, this.#legend),
      element('dl', { class: 'numbers' }, ...Object.values(this.#numbers).map((each) => each.element)),
      this.#prediction.element,
      element(
        'div',
        { class: 'beside-image' },
        figure(this.#look, 'image'),
        figure(this.#dream, 'dream'),
        element('div', {}, this.#caption, this.#actions),
      ),
      this.#details(),
    );
    this.#listen(canvas);
    if (!hasObjective(this.setting)) {
      this.#training = undefined;
      this.#verdict.textContent = 'Nothing to train';
      this.#sentence.textContent =
        'Prediction is off and there is no auxiliary task: nothing is asked of the latents. Turn one of them on.';
      return;
    }
    this.#training = new Training(this.setting, options.training, {
      onNote: (text) => {
        this.#sentence.textContent = `${text} …`;
      },
      onOpened: (opened) => this.#open(opened),
      onFrame: (frame, isLast) => this.#add(frame, isLast),
      onFailed: (error) => this.#events.onFailed(error),
    });
  }

  /** Steps of the whole training; 0 before it is open. */
  get steps(): number {
    return this.#opened?.steps ?? 0;
  }

  get step(): number {
    return this.#frames.at(-1)?.step ?? 0;
  }

  get isReady(): boolean {
    return this.#training === undefined || this.#frames.length > 0;
  }

  get isDone(): boolean {
    return this.#training === undefined || (this.steps > 0 && this.step >= this.steps);
  }

  train(until?: number): void {
    this.#forgetPath();
    this.#training?.train(until);
  }

  pause(): void {
    this.#training?.pause();
  }

  end(): void {
    this.#training?.end();
  }

  /** The page's colours are others now. */
  repaint(): void {
    this.#plot.repaint();
  }

  draw(now: number): void {
    this.#plot.draw(now);
  }

  /** Lets the reader choose where it is computed. */
  offer(places: readonly Place[]): void {
    if (this.#knobs.querySelector('[data-place]') === null)
      this.#knobs.append(createPlaceKnob(this.#options.training.on, places, (place) => this.#events.onPlace(place)));
  }

  /** Shows the moment nearest to a step; undefined: the newest. */
  showStep(step: number | undefined): void {
    if (this.#frames.length === 0) return;
    const index =
      step === undefined ? this.#frames.length - 1 : this.#frames.findLastIndex((frame) => frame.step <= step);
    this.#show(Math.max(0, index));
  }

  #details(): HTMLElement {
    const write = element('button', { type: 'button', class: 'export-button' }, 'Export as ONNX');
    write.addEventListener('click', () => void this.#write());
    return element(
      'details',
      this.#options.isOpen ? { open: '' } : {},
      element('summary', {}, 'Knobs and export'),
      this.#knobs,
      element('p', { class: 'caption' }, playWorlds[this.setting.world].words),
      element('p', {}, write),
      this.#export,
    );
  }

  async #write(): Promise<void> {
    if (this.#training === undefined || this.#frames.length === 0) return;
    this.#events.onPause();
    const files = await this.#training.export();
    const explorer = await this.#events.onExport(files);
    const links = [...files].flatMap(([name, bytes]): (Node | string)[] => {
      const address = URL.createObjectURL(new Blob([Uint8Array.from(bytes)], { type: 'application/octet-stream' }));
      return [element('a', { href: address, download: name }, name), ' '];
    });
    this.#export.replaceChildren(
      `At step ${this.step}: `,
      ...links,
      element('a', { href: explorer, target: '_blank', rel: 'noopener' }, 'Open it in the explorer'),
    );
  }

  #open(opened: Opened): void {
    this.#opened = opened;
    this.#pictureNote.hidden = false;
    this.#images = { observations: opened.observations, shape: opened.shape };
    const { labellings } = opened;
    this.#colourBy.replaceChildren(...labellings.map(({ name }) => element('option', { value: name }, name)));
    const wanted = labellings.find(({ name }) => name === this.#options.colourBy) ?? labellings[0];
    this.#colourBy.value = wanted.name;
    this.#colourBy.addEventListener('change', () => this.#colour());
    if (labellings.length > 1) {
      const label = element('label', { class: 'colour-by' }, 'Coloured by ', this.#colourBy);
      this.element.querySelector('.stage')?.append(label);
    }
    this.#colour();
    this.#actions.replaceChildren(
      ...opened.actionNames.map((name, action) => {
        const button = element('button', { type: 'button' }, name);
        button.addEventListener('click', () => void this.#imagine(action));
        return button;
      }),
    );
    this.#canvas = createImage(this.#images, 0, 'An unseen image', 'large');
    this.#look.replaceChildren(this.#canvas);
    this.#dreamCanvas = createImage(this.#images, 0, 'What the latent says of its image: nothing yet', 'large');
    this.#dreamCanvas.hidden = true;
    this.#dream.replaceChildren(this.#dreamCanvas);
    this.#caption.title = `${opened.parameters} weights; the training step has ${opened.nodes} ONNX nodes`;
    this.#point(0, false);
  }

  #colour(): void {
    const labelling = this.#labelling();
    const colours = classColours(labelling.names.length);
    this.#plot.colour(labelling, colours);
    fillLegend(this.#legend, labelling, colours, legendWords(labelling, this.setting));
  }

  #labelling(): Labelling {
    const labellings = this.#opened?.labellings ?? [];
    return (
      labellings.find(({ name }) => name === this.#colourBy.value) ?? { name: '', names: [], labels: new Int32Array(0) }
    );
  }

  #add(frame: Frame, isLast: boolean): void {
    const isFollowing = this.#shown === this.#frames.length - 1;
    if (this.#frames.at(-1)?.step === frame.step) this.#frames.pop();
    this.#frames.push(frame);
    if (this.#frames.length > KEPT_FRAMES) {
      const half = KEPT_FRAMES >> 1;
      this.#frames = this.#frames.filter((_, index) => index > half || index % 2 === 0);
    }
    if (isFollowing) this.#show(this.#frames.length - 1);
    // The dream follows the training, unless an imagined way is shown.
    if (isFollowing && this.#path.length < 2) this.#dreamOf(this.#selected ?? 0);
    this.#events.onFrame(isLast);
  }

  #show(index: number): void {
    const frame = this.#frames[index];
    const opened = this.#opened;
    if (frame === undefined || opened === undefined) return;
    if (index !== this.#frames.length - 1) this.#forgetPath();
    this.#shown = index;
    const { accuracy } = frame.judgement;
    this.#plot.show(frame, this.#frames[0].radius, !this.#options.isReduced);
    const shown = this.#frames.slice(0);
    const losses = shown.map(({ loss }) => loss ?? shown[1]?.loss ?? 0);
    this.#numbers.loss.show(losses, frame.loss === undefined ? '–' : shortNumber(frame.loss));
    this.#numbers.spread.show(
      shown.map(({ spread }) => spread),
      `${shortNumber(frame.spread)}×`,
    );
    this.#numbers.accuracy.show(
      shown.map(({ judgement }) => judgement.accuracy),
      percent(accuracy),
    );
    this.#prediction.show(
      shown.map(({ prediction }) => prediction),
      index,
      predictionSentence(frame, this.setting),
    );
    const { word, tone } = verdictWord(frame);
    this.#verdict.className = `tag verdict-word ${tone}`;
    this.#verdict.textContent = word;
    const sentence = verdictSentence(frame, opened.labellings[0].names, opened.actionNames);
    this.#sentence.textContent = sentence;
    this.#plot.canvas.setAttribute(
      'aria-label',
      `${frame.points.length / 2} latents of unseen images after ${frame.step} steps: ${word}. ${sentence}`,
    );
    if (word !== this.#said && frame.step > 0) {
      this.#said = word;
      this.#events.announce(`${titleOf(this.setting)}, step ${frame.step}: ${word}. ${sentence}`);
    }
  }

  #listen(canvas: HTMLCanvasElement): void {
    const pointAt = (event: PointerEvent): number | undefined => {
      const { left, top } = canvas.getBoundingClientRect();
      return this.#plot.nearest(event.clientX - left, event.clientY - top);
    };
    canvas.addEventListener('pointermove', (event) => {
      const found = pointAt(event);
      if (found !== undefined && this.#path.length < 2 && found !== this.#selected) this.#choose(found);
    });
    canvas.addEventListener('click', (event) => {
      const found = pointAt(event);
      this.#forgetPath();
      if (found !== undefined) this.#choose(found);
    });
    canvas.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const count = this.#labelling().labels.length;
      if (step === undefined || count === 0) return;
      event.preventDefault();
      this.#forgetPath();
      this.#choose(((this.#selected ?? 0) + step + count) % count);
    });
  }

  /** Shows one observation. */
  #point(observation: number, isMarked: boolean): void {
    const { names, labels } = this.#opened?.labellings[0] ?? this.#labelling();
    this.#selected = observation;
    this.#taken = [];
    this.#dreams++;
    if (this.#dreamCanvas) this.#dreamCanvas.hidden = true;
    if (isMarked) this.#plot.select(observation);
    const name = names[labels[observation]] ?? '';
    this.#paint(observation, `An unseen image of class ${name}`);
    this.#caption.textContent = `An image of class ${name}. Press an action: the predictor moves its latent, without looking again.`;
  }

  /** Shows one observation, and what its latent says of it. */
  #choose(observation: number): void {
    this.#point(observation, true);
    this.#dreamOf(observation);
  }

  /** Asks for a dream as soon as the one before is there. */
  #dreamOf(observation: number): void {
    this.#wanted = observation;
    if (!this.#isAsking) void this.#askForWanted();
  }

  /** One question at a time, the newest next: a pointer asks more often than a training answers. */
  async #askForWanted(): Promise<void> {
    this.#isAsking = true;
    for (let wanted = this.#wanted; wanted !== undefined; wanted = this.#wanted) {
      this.#wanted = undefined;
      await this.#ask(wanted, []);
    }
    this.#isAsking = false;
  }

  /** Where actions lead from an observation on, with the dream of the last latent; undefined where something else was asked meanwhile. */
  async #ask(observation: number, actions: readonly number[]): Promise<readonly Imagined[] | undefined> {
    const own = ++this.#dreams;
    const steps = await this.#training?.imagine(observation, actions);
    const last = steps?.at(-1);
    if (own !== this.#dreams || last === undefined || !this.#dreamCanvas || !this.#images) return undefined;
    this.#dreamCanvas.hidden = false;
    const dreamt = { observations: last.dream, shape: this.#images.shape };
    paintImage(
      this.#dreamCanvas,
      dreamt,
      0,
      'What the latent says of its image: the mean of images with latents near it',
    );
    return steps;
  }

  #paint(observation: number, description: string): void {
    if (this.#canvas && this.#images) paintImage(this.#canvas, this.#images, observation, description);
  }

  #forgetPath(): void {
    this.#taken = [];
    this.#path = [];
    this.#plot.select(this.#selected);
  }

  async #imagine(action: number): Promise<void> {
    const start = this.#selected ?? 0;
    this.#events.onPause();
    this.showStep(undefined);
    this.#taken.push(action);
    this.#wanted = undefined;
    const steps = await this.#ask(start, this.#taken);
    const last = steps?.at(-1);
    if (steps === undefined || last === undefined) return;
    this.#path = steps;
    this.#plot.select(
      start,
      steps.map(({ point }) => point),
    );
    const { names } = this.#opened?.labellings[0] ?? this.#labelling();
    const way = this.#taken.map((each) => this.#opened?.actionNames[each] ?? '').join(', ');
    const [landed, truth] = [names[last.landedClass], names[last.trueClass]];
    const isRight = last.landedClass === last.trueClass;
    this.#paint(last.nearest, `The unseen image whose latent is nearest to where the predictor lands`);
    const text = `Imagined ${way}: lands in class ${landed}${isRight ? ', as in the world.' : `; the world goes to ${truth}.`}`;
    this.#caption.textContent = text;
    this.#events.announce(text);
  }
}

/** An image with a word under it. */
function figure(picture: HTMLElement, word: string): HTMLElement {
  return element('figure', { class: 'seen' }, picture, element('figcaption', {}, word));
}

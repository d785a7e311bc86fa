// The picture of the latents on a canvas: points that glide to where the next moment puts them, a ring as wide as the latents were
// before training, names where classes stand apart, and the way that imagined actions lead.
import type { Labelling } from '../protocol.ts';
import { MOST_NAMES } from './legend.ts';

/** A moment as it is drawn. */
export interface Scene {
  /** [N, 2] */
  readonly points: Float32Array;
  readonly radius: number;
  /** [M, 4]: where the predictor says a next latent is, and where it is. */
  readonly misses: Float32Array;
}

/** Milliseconds in which two thirds of a way are done. */
const GLIDE_MS = 110;
/** What is wider than the points, around them. */
const MARGIN = 1.25;
const POINT_PX = 3.4;
const PREDICTED_PX = 2.8;
/** A name is written where its class is so far from every other one. */
const NAME_DISTANCE_PX = 26;

export class Plot {
  readonly canvas: HTMLCanvasElement;
  #shown = new Float32Array(0);
  #misses = new Float32Array(0);
  #target: Scene = { points: new Float32Array(0), radius: 1, misses: new Float32Array(0) };
  #extent = 1;
  #reference = 0;
  #labelling: Labelling = { name: 'class', names: [], labels: new Int32Array(0) };
  #colours: readonly string[] = [];
  #selected: number | undefined;
  #path: readonly (readonly [number, number])[] = [];
  #isStill = false;
  #lastDraw = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
  }

  colour(labelling: Labelling, colours: readonly string[]): void {
    this.#labelling = labelling;
    this.#colours = colours;
    this.#isStill = false;
  }

  /** @param reference radius before training */
  show(scene: Scene, reference: number, isGliding: boolean): void {
    this.#target = scene;
    this.#reference = reference;
    if (this.#shown.length !== scene.points.length || !isGliding) {
      this.#shown = Float32Array.from(scene.points);
      this.#misses = Float32Array.from(scene.misses);
      this.#extent = this.#wanted();
    }
    this.#isStill = false;
  }

  select(observation: number | undefined, path: readonly (readonly [number, number])[] = []): void {
    this.#selected = observation;
    this.#path = path;
    this.#isStill = false;
  }

  /** Draws once more though nothing has moved: in other colours. */
  repaint(): void {
    this.#isStill = false;
  }

  /** The observation whose point is nearest to a place on the canvas, in pixels of the page. */
  nearest(x: number, y: number): number | undefined {
    const { scale, centreX, centreY } = this.#frame();
    let best: number | undefined;
    let least = 28 ** 2;
    for (let n = 0; n < this.#shown.length / 2; n++) {
      const distance =
        (centreX + this.#shown[2 * n] * scale - x) ** 2 + (centreY - this.#shown[2 * n + 1] * scale - y) ** 2;
      if (distance >= least) continue;
      least = distance;
      best = n;
    }
    return best;
  }

  #wanted(): number {
    return Math.max(this.#target.radius, this.#reference, 1e-6) * MARGIN;
  }

  #frame(): { readonly scale: number; readonly centreX: number; readonly centreY: number } {
    const { clientWidth, clientHeight } = this.canvas;
    return {
      scale: Math.min(clientWidth, clientHeight) / 2 / this.#extent,
      centreX: clientWidth / 2,
      centreY: clientHeight / 2,
    };
  }

  /** Moves on and draws, unless nothing has changed. */
  draw(now: number): void {
    const ratio = globalThis.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    const isResized = this.canvas.width !== width || this.canvas.height !== height;
    if (this.#isStill && !isResized) return;
    if (isResized) [this.canvas.width, this.canvas.height] = [width, height];
    const share = 1 - Math.exp(-Math.min(200, now - this.#lastDraw) / GLIDE_MS);
    this.#lastDraw = now;
    this.#glide(share);
    const context = this.canvas.getContext('2d');
    if (context === null) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, clientWidth, clientHeight);
    this.#paint(context);
  }

  #glide(share: number): void {
    const { points, misses } = this.#target;
    const farthest = Math.max(towards(points, this.#shown, share), towards(misses, this.#misses, share));
    const wanted = this.#wanted();
    this.#extent += share * (wanted - this.#extent);
    this.#isStill = farthest < 1e-3 * wanted && Math.abs(wanted - this.#extent) < 1e-3 * wanted;
  }

  #paint(context: CanvasRenderingContext2D): void {
    const { scale, centreX, centreY } = this.#frame();
    const style = getComputedStyle(this.canvas);
    const [ink, soft, card] = ['--ink', '--soft', '--card'].map((name) => style.getPropertyValue(name));
    const x = (value: number): number => centreX + value * scale;
    const y = (value: number): number => centreY - value * scale;
    const ring = this.#reference * scale;
    context.lineWidth = 1;
    context.strokeStyle = soft;
    context.globalAlpha = 0.55;
    context.setLineDash([4, 5]);
    context.beginPath();
    context.arc(centreX, centreY, Math.max(0.5, ring), 0, 2 * Math.PI);
    context.stroke();
    context.setLineDash([]);
    const { labels } = this.#labelling;
    context.globalAlpha = 0.78;
    for (let n = 0; n < labels.length; n++) {
      context.fillStyle = this.#colours[labels[n]] ?? ink;
      context.beginPath();
      context.arc(x(this.#shown[2 * n]), y(this.#shown[2 * n + 1]), POINT_PX, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
    this.#paintMisses(context, { x, y, ink, card });
    this.#paintPath(context, { x, y, ink, card });
    this.#paintNames(context, { x, y, ink, card });
  }

  /** From a prediction, an open point, to the latent that really comes next. */
  #paintMisses(context: CanvasRenderingContext2D, { x, y, ink, card }: Brush): void {
    context.strokeStyle = ink;
    context.fillStyle = card;
    context.lineWidth = 1.5;
    const misses = this.#misses;
    for (let i = 0; i < misses.length; i += 4) {
      const [fromX, fromY] = [x(misses[i]), y(misses[i + 1])];
      context.beginPath();
      context.moveTo(fromX, fromY);
      context.lineTo(x(misses[i + 2]), y(misses[i + 3]));
      context.stroke();
      context.beginPath();
      context.arc(fromX, fromY, PREDICTED_PX, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }

  #paintPath(context: CanvasRenderingContext2D, { x, y, ink, card }: Brush): void {
    if (this.#selected !== undefined) {
      context.strokeStyle = ink;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x(this.#shown[2 * this.#selected]), y(this.#shown[2 * this.#selected + 1]), 7, 0, 2 * Math.PI);
      context.stroke();
    }
    if (this.#path.length < 2) return;
    context.strokeStyle = ink;
    context.lineWidth = 2;
    context.lineJoin = 'round';
    context.beginPath();
    for (const [index, [px, py]] of this.#path.entries())
      if (index === 0) context.moveTo(x(px), y(py));
      else context.lineTo(x(px), y(py));
    context.stroke();
    for (const [index, [px, py]] of this.#path.entries()) {
      context.fillStyle = index === this.#path.length - 1 ? ink : card;
      context.beginPath();
      context.arc(x(px), y(py), index === this.#path.length - 1 ? 6 : 4, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }

  /** Above its points, where no other class's middle is near. */
  #paintNames(context: CanvasRenderingContext2D, { x, y, ink, card }: Brush): void {
    const { names, labels } = this.#labelling;
    if (names.length > MOST_NAMES) return;
    const sums = names.map((): [number, number, number] => [0, 0, 0]);
    const tops = names.map(() => Number.POSITIVE_INFINITY);
    labels.forEach((label, n) => {
      sums[label][0] += this.#shown[2 * n];
      sums[label][1] += this.#shown[2 * n + 1];
      sums[label][2]++;
      tops[label] = Math.min(tops[label], y(this.#shown[2 * n + 1]));
    });
    const centres = sums.map(([sumX, sumY, count]): [number, number] => [x(sumX / count), y(sumY / count)]);
    context.font = '700 15px system-ui, sans-serif';
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.lineJoin = 'round';
    for (const [index, [cx, cy]] of centres.entries()) {
      const isApart = centres.every(
        ([ox, oy], other) => other === index || Math.hypot(ox - cx, oy - cy) >= NAME_DISTANCE_PX,
      );
      if (!isApart) continue;
      context.strokeStyle = card;
      context.lineWidth = 5;
      const above = Math.max(10, tops[index] - 13);
      context.strokeText(names[index], cx, above);
      context.fillStyle = ink;
      context.fillText(names[index], cx, above);
    }
  }
}

/** Moves numbers a share of the way to others; gives the longest way there was. */
function towards(target: Float32Array, moved: Float32Array, share: number): number {
  let farthest = 0;
  for (let i = 0; i < target.length; i++) {
    const step = target[i] - moved[i];
    farthest = Math.max(farthest, Math.abs(step));
    moved[i] += share * step;
  }
  return farthest;
}

interface Brush {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly ink: string;
  readonly card: string;
}

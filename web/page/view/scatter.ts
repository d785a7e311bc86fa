// The picture: held-out latents in their plane, the chosen one, its neighbours, and the way that the predictor goes.
// Drawn in CSS pixels and again when its size changes, so that text and points are as large on a phone.
import { formatPercent } from '../../../src/report/number.ts';
import { nearestPoint, nextPoint } from '../neighbour.ts';
import type { ClassStyle } from './class-label.ts';
import { svgElement } from './dom.ts';

const RADIUS_PX = 3.6;
const MARGIN_PX = 26;
const LABEL_HEIGHT_PX = 16;
/** Mean width of a letter of a name. */
const LETTER_PX = 8.5;

export interface ScatterContent {
  /** [N, 2] */
  readonly points: Float64Array;
  /** [N] */
  readonly labels: Int32Array;
  readonly style: ClassStyle;
  /** Fractions of the variance along the two axes. */
  readonly shares: readonly [number, number];
}

export interface ScatterMarks {
  readonly shown: number;
  readonly neighbours: readonly number[];
  /** Where the predictor has been, [steps, 2], the start first. */
  readonly path: Float64Array;
  /** The last step was just taken: its mark moves. */
  readonly isNewStep: boolean;
  /** Class of the last step. */
  readonly landedClass: number;
}

export interface ScatterEvents {
  /** The pointer is nearest to this point; undefined where it has left the picture. */
  onPoint(index: number | undefined): void;
  /** A point was pressed, or reached by the keyboard. */
  onChoose(index: number): void;
}

export interface Scatter {
  mark(marks: ScatterMarks): void;
}

const directions: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function createScatter(svg: Element, content: ScatterContent, events: ScatterEvents): Scatter {
  let frame = frameOf(svg, content);
  let marks: ScatterMarks | undefined;
  const overlay = svgElement('g');
  const draw = () => {
    frame = frameOf(svg, content);
    svg.setAttribute('viewBox', `0 0 ${frame.width} ${frame.height}`);
    svg.replaceChildren(drawPoints(content, frame), overlay, drawLabels(content, frame), drawAxes(content, frame));
    if (marks) drawMarks(overlay, { ...marks, isNewStep: false }, content, frame);
  };
  draw();
  new ResizeObserver(draw).observe(svg);

  const indexUnder = (event: Event): number | undefined => {
    if (!(event instanceof MouseEvent)) return undefined;
    const box = svg.getBoundingClientRect();
    return nearestPoint(frame.places, event.clientX - box.left, event.clientY - box.top);
  };
  svg.addEventListener('pointermove', (event) => events.onPoint(indexUnder(event)));
  svg.addEventListener('pointerleave', () => events.onPoint(undefined));
  svg.addEventListener('click', (event) => {
    const index = indexUnder(event);
    if (index !== undefined) events.onChoose(index);
  });
  svg.addEventListener('keydown', (event) => {
    if (!(event instanceof KeyboardEvent) || marks === undefined) return;
    const direction = directions[event.key];
    if (direction === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    events.onChoose(nextPoint(frame.places, marks.shown, direction));
  });
  return {
    mark(next) {
      marks = next;
      drawMarks(overlay, next, content, frame);
    },
  };
}

interface Frame {
  readonly width: number;
  readonly height: number;
  placeOf(x: number, y: number): [x: number, y: number];
  /** [N, 2] of the observations, in CSS pixels: near is what looks near. */
  readonly places: Float64Array;
}

function frameOf(svg: Element, { points }: ScatterContent): Frame {
  const width = Math.max(1, svg.clientWidth);
  const height = Math.max(1, svg.clientHeight);
  const [left, right] = extentOf(points, 0);
  const [bottom, top] = extentOf(points, 1);
  const scaleX = (width - 2 * MARGIN_PX) / (right - left);
  const scaleY = (height - 2 * MARGIN_PX) / (top - bottom);
  // An imagined latent may leave the held-out ones' extent: it is shown at the edge.
  const placeOf = (x: number, y: number): [number, number] => [
    Math.min(width - 8, Math.max(8, MARGIN_PX + (x - left) * scaleX)),
    Math.min(height - 8, Math.max(8, MARGIN_PX + (top - y) * scaleY)),
  ];
  const places = new Float64Array(points.length);
  for (let i = 0; i < points.length; i += 2) places.set(placeOf(points[i], points[i + 1]), i);
  return { width, height, placeOf, places };
}

function extentOf(points: Float64Array, axis: 0 | 1): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = axis; i < points.length; i += 2) [low, high] = [Math.min(low, points[i]), Math.max(high, points[i])];
  return high > low ? [low, high] : [low - 1, high + 1];
}

function drawPoints({ points, labels, style }: ScatterContent, frame: Frame): SVGElement {
  const groups = style.colours.map((fill) => svgElement('g', { class: 'point', fill }));
  for (let i = 0; i < labels.length; i++) {
    const [cx, cy] = frame.placeOf(points[2 * i], points[2 * i + 1]);
    groups[labels[i]].append(svgElement('circle', { cx: cx.toFixed(1), cy: cy.toFixed(1), r: RADIUS_PX }));
  }
  return svgElement('g', {}, ...groups);
}

/** Names at the classes' medians; none where many would cover each other: the panels name every latent that is pointed at. */
function drawLabels({ points, labels, style }: ScatterContent, frame: Frame): SVGElement {
  const placed: { readonly x: number; readonly y: number; readonly halfWidth: number }[] = [];
  const group = svgElement('g', { 'aria-hidden': 'true' });
  let covered = 0;
  style.names.forEach((name, label) => {
    const own = Array.from(labels.keys()).filter((i) => labels[i] === label);
    const places = own.map((i) => frame.placeOf(points[2 * i], points[2 * i + 1]));
    const [xs, ys] = [places.map(([x]) => x).sort(ascending), places.map(([, y]) => y).sort(ascending)];
    const halfWidth = (name.length * LETTER_PX) / 2;
    const x = Math.min(frame.width - halfWidth, Math.max(halfWidth, median(xs)));
    // A class that is a point would vanish under its name.
    const isPoint = (xs.at(-1) ?? 0) - xs[0] + (ys.at(-1) ?? 0) - ys[0] < LABEL_HEIGHT_PX;
    const y = median(ys) - (isPoint ? LABEL_HEIGHT_PX : 0);
    const covers = placed.some(
      (other) => Math.abs(other.x - x) < other.halfWidth + halfWidth + 4 && Math.abs(other.y - y) < LABEL_HEIGHT_PX,
    );
    if (covers) {
      covered++;
      return;
    }
    placed.push({ x, y, halfWidth });
    group.append(svgElement('text', { x: x.toFixed(1), y: y.toFixed(1) }, name));
  });
  return covered > style.names.length / 4 ? svgElement('g') : group;
}

function drawAxes({ shares }: ScatterContent, { width, height }: Frame): SVGElement {
  const name = (axis: 0 | 1) => `component ${axis + 1} (${formatPercent(shares[axis])} of the variance)`;
  return svgElement(
    'g',
    { 'aria-hidden': 'true' },
    svgElement('text', { class: 'axis', x: width / 2, y: height - 8 }, name(0)),
    svgElement('text', { class: 'axis', x: 0, y: 0, transform: `translate(9 ${height / 2}) rotate(-90)` }, name(1)),
  );
}

function drawMarks(overlay: SVGElement, marks: ScatterMarks, { points, style }: ScatterContent, frame: Frame): void {
  const circle = (className: string, [cx, cy]: readonly [number, number], r: number) =>
    svgElement('circle', { class: className, cx, cy, r });
  const at = (index: number) => frame.placeOf(points[2 * index], points[2 * index + 1]);
  overlay.replaceChildren(
    ...marks.neighbours.map((index) => circle('neighbour', at(index), RADIUS_PX + 1.5)),
    circle('ring', at(marks.shown), RADIUS_PX + 4),
  );
  const { path } = marks;
  const steps = Array.from({ length: path.length / 2 }, (_, i) => frame.placeOf(path[2 * i], path[2 * i + 1]));
  const last = steps.at(-1);
  if (steps.length < 2 || last === undefined) return;
  overlay.append(
    svgElement('polyline', { class: 'path', points: steps.map((step) => step.join(',')).join(' ') }),
    ...steps.slice(0, -1).map((step) => circle('step', step, RADIUS_PX)),
    landedMark(marks.isNewStep ? steps[steps.length - 2] : last, last, style.colours[marks.landedClass]),
  );
}

/** A square, so that it is not taken for an observation; it moves in from the step before. */
function landedMark(
  [fromX, fromY]: readonly [number, number],
  [x, y]: readonly [number, number],
  fill: string,
): SVGElement {
  const mark = svgElement('rect', { class: 'landed', fill, x: -7, y: -7, width: 14, height: 14, rx: 2 });
  mark.style.transform = `translate(${fromX}px,${fromY}px)`;
  requestAnimationFrame(() => {
    mark.style.transform = `translate(${x}px,${y}px)`;
  });
  return mark;
}

function ascending(a: number, b: number): number {
  return a - b;
}

function median(sorted: readonly number[]): number {
  return sorted[sorted.length >> 1] ?? 0;
}

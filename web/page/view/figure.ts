// Observations as figures: an image, the numbers of a vector as bars, or both beside each other.
import type { ObservationSet } from '../../observation-set.ts';
import type { VectorColumn } from '../world.ts';
import { element, svgElement } from './dom.ts';
import { createImage, type ImageSet, paintImage } from './image.ts';

export interface FigureSet {
  readonly images: ImageSet | undefined;
  readonly vectors: VectorSet | undefined;
}

export interface VectorSet {
  /** [N, V] */
  readonly values: Float32Array;
  /** [V] */
  readonly columns: readonly VectorColumn[];
}

export interface Figure {
  readonly element: Element;
  show(index: number, description: string): void;
}

/** Standard deviations from the mean that a bar is cut off at. */
const SHOWN_DEVIATIONS = 3;
/** Bars that can still be told apart in a thumbnail. */
const SHOWN_BARS = 64;
/** Rows of the table of numbers. */
const LISTED_NUMBERS = 12;

/** @param shape [H, W, C], or [V] where there are no images */
export function figureSetOf(
  { images, vectors }: ObservationSet,
  shape: readonly number[],
  columns: readonly VectorColumn[],
): FigureSet {
  const [height, width, channels] = shape;
  return {
    images: images && { observations: images, shape: [height, width, channels] },
    vectors: vectors && { values: vectors, columns },
  };
}

export function createFigure(set: FigureSet, index: number, description: string, className = ''): Figure {
  const { images, vectors } = set;
  const canvas = images && createImage(images, index, description, className);
  const bars = vectors && svgElement('svg', { class: `bars ${className}`, viewBox: '0 0 100 100', role: 'img' });
  const show = (shown: number, text: string) => {
    if (images && canvas) paintImage(canvas, images, shown, text);
    if (vectors && bars) {
      bars.replaceChildren(...barsOf(vectors, shown));
      // Beside an image the image is what is described.
      if (canvas) bars.setAttribute('aria-hidden', 'true');
      else bars.setAttribute('aria-label', text);
    }
  };
  show(index, description);
  if (canvas && !bars) return { element: canvas, show };
  if (bars && !canvas) return { element: bars, show };
  return { element: element('div', { class: 'pair' }, ...(canvas && bars ? [canvas, bars] : [])), show };
}

/** Up and down from the mean of the training data, in its standard deviations. */
function barsOf({ values, columns }: VectorSet, index: number): SVGElement[] {
  const count = Math.min(columns.length, SHOWN_BARS);
  const width = 100 / count;
  const gap = Math.min(2, width / 5);
  const bars = columns.slice(0, count).map(({ mean, deviation }, i) => {
    const height =
      Math.abs(deviationsOf(values[index * columns.length + i], mean, deviation)) * (50 / SHOWN_DEVIATIONS);
    const isAbove = values[index * columns.length + i] >= mean;
    return svgElement('rect', {
      x: (i * width + gap).toFixed(2),
      y: (isAbove ? 50 - height : 50).toFixed(2),
      width: (width - 2 * gap).toFixed(2),
      height: height.toFixed(2),
    });
  });
  return [...bars, svgElement('line', { x1: 0, x2: 100, y1: 50, y2: 50 })];
}

function deviationsOf(value: number, mean: number, deviation: number): number {
  const deviations = (value - mean) / (deviation > 0 ? deviation : 1);
  return Math.min(SHOWN_DEVIATIONS, Math.max(-SHOWN_DEVIATIONS, deviations));
}

/** The numbers by their names; the first ones of many. */
export function numberTable(): { readonly element: HTMLElement; show(set: FigureSet, index: number): void } {
  const body = element('tbody');
  const rest = element('p', { class: 'caption', hidden: '' });
  const head = element(
    'thead',
    {},
    element('tr', {}, ...['Number', 'Value', 'Deviations'].map((name) => element('th', { scope: 'col' }, name))),
  );
  const table = element('table', { class: 'numbers', 'aria-label': 'Numbers of the observation' }, head, body);
  return {
    element: element('div', {}, table, rest),
    show({ vectors }, index) {
      if (vectors === undefined) return;
      const { values, columns } = vectors;
      const listed = columns.slice(0, LISTED_NUMBERS);
      body.replaceChildren(
        ...listed.map(({ name, mean, deviation }, i) => {
          const value = values[index * columns.length + i];
          const deviations = (value - mean) / (deviation > 0 ? deviation : 1);
          return element(
            'tr',
            {},
            element('th', { scope: 'row' }, name),
            element('td', {}, String(Number(value.toPrecision(4))).replace('-', '−')),
            element('td', {}, `${deviations < 0 ? '−' : '+'}${Math.abs(deviations).toFixed(2)}`),
          );
        }),
      );
      const left = columns.length - listed.length;
      rest.toggleAttribute('hidden', left === 0);
      rest.textContent = `and ${left} more numbers${columns.length > SHOWN_BARS ? `; the bars show the first ${SHOWN_BARS}` : ''}`;
    },
  };
}

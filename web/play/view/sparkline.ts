// One number over the steps of a training: its name, its value now, and its way there.
import { element, svgElement } from '../../page/view/dom.ts';

/** Of all curves, in units of their own. */
export const WIDTH = 120;
export const HEIGHT = 30;

export interface Sparkline {
  readonly element: HTMLElement;
  /** @param values over all moments; `text`: the one that is looked at */
  show(values: readonly number[], text: string): void;
}

/** @param scale `logarithm` for what falls by powers of ten; `share` for 0..1 */
export function createSparkline(name: string, hint: string, scale: 'logarithm' | 'share'): Sparkline {
  const value = element('b', {}, '–');
  const line = svgElement('polyline', { points: '' });
  const picture = svgElement(
    'svg',
    { viewBox: `-3 -3 ${WIDTH + 6} ${HEIGHT + 6}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    line,
  );
  return {
    element: element(
      'div',
      { class: 'number' },
      element('dt', { title: hint }, name),
      element('dd', {}, value, picture),
    ),
    show(values, text) {
      value.textContent = text;
      const heights = heightsOf(values, scale);
      line.setAttribute('points', coordinatesOf(heights).join(' '));
    },
  };
}

/** Heights evenly beside each other, as an SVG takes points. */
export const coordinatesOf = (heights: readonly number[]): string[] =>
  heights.map(
    (height, index) => `${((WIDTH * index) / Math.max(1, heights.length - 1)).toFixed(1)},${height.toFixed(1)}`,
  );

/** Less than this share of the largest is drawn as this. */
const LEAST = 1e-4;

export function heightsOf(values: readonly number[], scale: 'logarithm' | 'share'): number[] {
  if (scale === 'share') return values.map((value) => HEIGHT * (1 - value));
  const most = values.reduce((largest, value) => Math.max(largest, value), 0);
  if (most === 0) return values.map(() => HEIGHT);
  const depths = values.map((value) => Math.log(Math.max(value / most, LEAST)));
  const deepest = Math.min(-1e-9, ...depths);
  return depths.map((depth) => HEIGHT * (depth / deepest));
}

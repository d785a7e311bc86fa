// One number over the steps of a training: its name, its value now, and its way there.
import { element, svgElement } from '../../page/view/dom.ts';

const WIDTH = 120;
const HEIGHT = 30;

export interface Sparkline {
  readonly element: HTMLElement;
  /** @param values over all moments; `at`: the moment that is looked at */
  show(values: readonly number[], at: number, text: string): void;
}

/** @param scale `logarithm` for what falls by powers of ten; `share` for 0..1 */
export function createSparkline(name: string, hint: string, scale: 'logarithm' | 'share'): Sparkline {
  const value = element('b', {}, '–');
  const line = svgElement('polyline', { points: '' });
  const dot = svgElement('circle', { r: 3, cx: -9, cy: -9 });
  const picture = svgElement(
    'svg',
    { viewBox: `-3 -3 ${WIDTH + 6} ${HEIGHT + 6}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    line,
    dot,
  );
  return {
    element: element(
      'div',
      { class: 'number' },
      element('dt', { title: hint }, name),
      element('dd', {}, value, picture),
    ),
    show(values, at, text) {
      value.textContent = text;
      const heights = heightsOf(values, scale);
      const x = (index: number): number => (WIDTH * index) / Math.max(1, values.length - 1);
      line.setAttribute('points', heights.map((h, index) => `${x(index).toFixed(1)},${h.toFixed(1)}`).join(' '));
      dot.setAttribute('cx', x(at).toFixed(1));
      dot.setAttribute('cy', (heights[at] ?? HEIGHT).toFixed(1));
    },
  };
}

/** Less than this share of the largest is drawn as this. */
const LEAST = 1e-4;

function heightsOf(values: readonly number[], scale: 'logarithm' | 'share'): number[] {
  if (scale === 'share') return values.map((value) => HEIGHT * (1 - value));
  const most = values.reduce((largest, value) => Math.max(largest, value), 0);
  if (most === 0) return values.map(() => HEIGHT);
  const depths = values.map((value) => Math.log(Math.max(value / most, LEAST)));
  const deepest = Math.min(-1e-9, ...depths);
  return depths.map((depth) => HEIGHT * (depth / deepest));
}

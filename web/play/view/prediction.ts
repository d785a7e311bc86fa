// The prediction error over a training beside that of a constant guess. Where both fall together nothing is learned: less and less is left to
// predict. What opens between them is what the predictor knows.
import { element, svgElement } from '../../page/view/dom.ts';
import type { Prediction } from '../prediction.ts';
import { shortNumber } from '../words.ts';
import { coordinatesOf, HEIGHT, heightsOf, WIDTH } from './sparkline.ts';

export interface PredictionChart {
  readonly element: HTMLElement;
  /** @param predictions over all moments; `at`: the moment that is looked at; `sentence`: what to see in it */
  show(predictions: readonly Prediction[], at: number, sentence: string): void;
}

export function createPredictionChart(): PredictionChart {
  const gap = svgElement('polygon', { class: 'gap', points: '' });
  const constant = svgElement('polyline', { class: 'constant', points: '' });
  const error = svgElement('polyline', { points: '' });
  const moment = svgElement('line', { y1: 0, y2: HEIGHT });
  const picture = svgElement(
    'svg',
    { viewBox: `-1 -3 ${WIDTH + 2} ${HEIGHT + 6}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    gap,
    constant,
    error,
    moment,
  );
  const [errorNumber, constantNumber] = [element('b', {}, '–'), element('b', {}, '–')];
  const text = element('p', { class: 'caption' });
  return {
    element: element(
      'div',
      { class: 'prediction' },
      element(
        'div',
        { class: 'prediction-numbers' },
        element('span', { class: 'key' }, 'Prediction misses by ', errorNumber),
        element('span', { class: 'key constant' }, 'a constant guess by ', constantNumber),
      ),
      picture,
      text,
    ),
    show(predictions, at, sentence) {
      const heights = heightsOf(
        [...predictions.map((each) => each.error), ...predictions.map((each) => each.constantError)],
        'logarithm',
      );
      const own = heights.slice(0, predictions.length);
      const other = heights.slice(predictions.length);
      const upper = coordinatesOf(other);
      error.setAttribute('points', coordinatesOf(own).join(' '));
      constant.setAttribute('points', upper.join(' '));
      // Down is less. Where the predictor misses by more, it knows nothing.
      const lower = coordinatesOf(own.map((height, i) => Math.max(height, other[i])));
      gap.setAttribute('points', [...lower, ...upper.reverse()].join(' '));
      // Of the newest moment the end of the curves is mark enough.
      const x = at === predictions.length - 1 ? -WIDTH : (WIDTH * at) / (predictions.length - 1);
      moment.setAttribute('x1', String(x));
      moment.setAttribute('x2', String(x));
      errorNumber.textContent = `${shortNumber(predictions[at].error)}×`;
      constantNumber.textContent = `${shortNumber(predictions[at].constantError)}×`;
      text.textContent = sentence;
    },
  };
}

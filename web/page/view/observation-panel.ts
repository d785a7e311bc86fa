// One observation: its image or its numbers, its class, what the latents say of it, and those whose latents are nearest.
import { nearestClass } from '../neighbour.ts';
import { type ClassStyle, classLabel } from './class-label.ts';
import { element } from './dom.ts';
import { createFigure, type FigureSet, numberTable } from './figure.ts';

export interface ObservationPanelContent {
  readonly figures: FigureSet;
  /** [N] */
  readonly labels: Int32Array;
  /** [C, D] */
  readonly centroids: Float64Array;
  readonly style: ClassStyle;
  /** [D] of one observation. */
  latentOf(index: number): Float32Array;
}

export interface ObservationPanel {
  show(index: number, neighbours: readonly number[]): void;
}

export function createObservationPanel(container: Element, content: ObservationPanelContent): ObservationPanel {
  const { figures, labels, centroids, style } = content;
  const figure = createFigure(figures, 0, '', 'large');
  const numbers = numberTable();
  const facts = element('dl');
  const thumbs = element('ul', { class: 'thumbs' });
  container.append(
    element('div', { class: 'seen' }, figure.element, facts),
    ...(figures.vectors ? [numbers.element] : []),
    element('p', { class: 'caption', id: 'nearest-title' }, 'Nearest in latent space, with their classes'),
    thumbs,
  );
  thumbs.setAttribute('aria-labelledby', 'nearest-title');
  return {
    show(index, neighbours) {
      const name = style.names[labels[index]];
      figure.show(index, `Observation ${index}, of class ${name}`);
      numbers.show(figures, index);
      const nearest = nearestClass(centroids, content.latentOf(index));
      facts.replaceChildren(
        ...fact('Class', classLabel(style, labels[index])),
        ...fact('Nearest class', classLabel(style, nearest), agreement(nearest === labels[index])),
        ...fact('Observation', String(index)),
      );
      thumbs.replaceChildren(
        ...neighbours.map((each) =>
          element(
            'li',
            {},
            createFigure(figures, each, `Observation ${each}, of class ${style.names[labels[each]]}`).element,
            element('span', { 'aria-hidden': 'true' }, style.names[labels[each]]),
          ),
        ),
      );
    },
  };
}

export function fact(term: string, ...value: readonly (Node | string)[]): [HTMLElement, HTMLElement] {
  return [element('dt', {}, term), element('dd', {}, ...value)];
}

export function agreement(isSame: boolean): HTMLElement {
  return element('span', { class: `tag ${isSame ? 'good' : 'bad'}` }, isSame ? '✓ the same' : '✗ another');
}

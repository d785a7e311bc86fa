// One observation: its image, its class, what the latents say of it, and the images whose latents are nearest.
import { nearestClass } from '../neighbour.ts';
import { type ClassStyle, classLabel } from './class-label.ts';
import { element } from './dom.ts';
import { createImage, type ImageSet, paintImage } from './image.ts';

export interface ObservationPanelContent {
  readonly images: ImageSet;
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
  const { images, labels, centroids, style } = content;
  const image = createImage(images, 0, '', 'large');
  const facts = element('dl');
  const thumbs = element('ul', { class: 'thumbs' });
  container.append(
    element('div', { class: 'seen' }, image, facts),
    element('p', { class: 'caption', id: 'nearest-title' }, 'Nearest in latent space, with their classes'),
    thumbs,
  );
  thumbs.setAttribute('aria-labelledby', 'nearest-title');
  return {
    show(index, neighbours) {
      const name = style.names[labels[index]];
      paintImage(image, images, index, `Observation ${index}, of class ${name}`);
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
            createImage(images, each, `Observation ${each}, of class ${style.names[labels[each]]}`),
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

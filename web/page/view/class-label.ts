// A class by its name and its colour: the colour is never alone.
import { element, svgElement } from './dom.ts';

export interface ClassStyle {
  readonly names: readonly string[];
  /** #rrggbb of each class. */
  readonly colours: readonly string[];
}

export function classLabel({ names, colours }: ClassStyle, index: number): HTMLElement {
  return element('span', { class: 'name' }, swatch(colours[index]), names[index]);
}

/** SVG, whose colour is an attribute: the page's policy allows no styles in elements. */
function swatch(colour: string): SVGElement {
  return svgElement(
    'svg',
    { class: 'swatch', viewBox: '0 0 10 10', 'aria-hidden': 'true' },
    svgElement('circle', { cx: 5, cy: 5, r: 5, fill: colour }),
  );
}

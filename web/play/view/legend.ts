// What the colours of a picture are, beside it: a reader who stops here must not take them for more than they are.
import { element } from '../../page/view/dom.ts';
import type { Labelling } from '../protocol.ts';

/** More names than these are colours alone. */
export const MOST_NAMES = 9;

/** @param meaning what the colours are, in a few words; `sentence`: what follows from it */
export function fillLegend(
  legend: HTMLElement,
  { names }: Labelling,
  colours: readonly string[],
  { meaning, sentence }: { readonly meaning: string; readonly sentence: string },
): void {
  const keys = names.map((name, index) => {
    const swatch = element('i', {});
    swatch.style.background = colours[index];
    return element('span', { class: 'colour-key', title: name }, swatch, names.length > MOST_NAMES ? '' : name);
  });
  legend.replaceChildren(element('b', {}, `Colour: ${meaning}`), ' ', ...keys, ' ', sentence);
}

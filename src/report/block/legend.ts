// Legends beside the pictures, laid out by the browser: a name is never cut off, however wide it is in the reader's font.
import { type Html, html } from '../html.ts';

export interface LegendEntry {
  readonly name: string;
  readonly colour: string;
  /** Lengths of dashes and gaps; undefined: a patch or a dot instead of a line. */
  readonly dash?: readonly number[];
  readonly isDot?: boolean;
}

/** The names are in the text; the symbols say nothing to a screen reader. */
export function renderLegend(entries: readonly LegendEntry[]): Html {
  return html`<ul class="legend">${entries.map((entry) => html`<li>${symbol(entry)}${entry.name}</li>`)}</ul>`;
}

function symbol({ colour, dash, isDot }: LegendEntry): Html {
  if (dash !== undefined)
    return html`<svg aria-hidden="true" width="26" height="10" viewBox="0 0 26 10"><path d="M1 5H25" stroke="${colour}" stroke-width="2.4" stroke-dasharray="${dash.join(' ')}"/></svg>`;
  return isDot
    ? html`<svg aria-hidden="true" width="10" height="10" viewBox="0 0 10 10"><circle cx="5" cy="5" r="5" fill="${colour}"/></svg>`
    : html`<svg aria-hidden="true" width="12" height="10" viewBox="0 0 12 10"><rect width="12" height="10" fill="${colour}"/></svg>`;
}

// Tables with header cells for rows and columns, so that a screen reader can say where it is.
import { type Html, html } from '../html.ts';
import type { BlockOf } from '../report.ts';

/** Names of rows with more characters are sentences: they may take several lines. */
const LONG_NAME = 40;

function textOf(cell: BlockOf<'table'>['rows'][number][number]): string {
  return typeof cell === 'string' ? cell : cell.text;
}

/** Wide tables scroll inside their own region, which the keyboard can reach. */
export function renderTable({ caption, columns, rows }: BlockOf<'table'>, level: 2 | 3 = 3): Html {
  const heading = level === 2 ? html`<h2 class="caption">${caption}</h2>` : html`<h3>${caption}</h3>`;
  const head = columns.map(({ name, align }) => html`<th scope="col" class="${align}">${name}</th>`);
  const body = rows.map((cells) => {
    const rendered = cells.map((cell, index) => {
      const align = columns[index]?.align ?? 'left';
      const content =
        typeof cell === 'string' ? html`${cell}` : html`<span class="tag ${cell.tone}">${cell.text}</span>`;
      return index === 0
        ? html`<th scope="row" class="${textOf(cell).length > LONG_NAME ? 'long' : ''}">${content}</th>`
        : html`<td class="${align}">${content}</td>`;
    });
    return html`<tr>${rendered}</tr>`;
  });
  return html`<div class="table">${heading}<div class="scroll" role="group" tabindex="0" aria-label="${caption}"><table aria-label="${caption}"><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div></div>`;
}

/** A square of numbers, the telling ones shaded. */
export function renderGrid(block: BlockOf<'grid'>): Html {
  const { caption, names, values, digits, shade, rowTitle, columnTitle } = block;
  const known = values.filter((value) => value !== null);
  const largest = Math.max(...known, Number.MIN_VALUE);
  const smallest = Math.min(...known);
  const weightOf = (value: number): number => {
    if (shade === 'large') return value / largest;
    return smallest > 0 ? smallest / value : value === 0 ? 1 : 0;
  };
  const rows = names.map((name, row) => {
    const cells = names.map((_, column) => {
      const value = values[row * names.length + column];
      if (value === null) return html`<td class="right"></td>`;
      if (value === 0 && shade === 'large') return html`<td class="right zero">0</td>`;
      const weight = Math.round(100 * Math.min(1, Math.max(0, weightOf(value))) ** 2);
      return html`<td class="right" style="--weight:${weight}%">${value.toFixed(digits)}</td>`;
    });
    return html`<tr><th scope="row">${name}</th>${cells}</tr>`;
  });
  const head = names.map((name) => html`<th scope="col" class="right">${name}</th>`);
  return html`<div class="table"><h3>${caption}</h3><p class="axes">Rows: ${rowTitle}. Columns: ${columnTitle}.</p><div class="scroll" role="group" tabindex="0" aria-label="${caption}"><table class="grid" aria-label="${caption}"><thead><tr><td></td>${head}</tr></thead><tbody>${rows}</tbody></table></div></div>`;
}

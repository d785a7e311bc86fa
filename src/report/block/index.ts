// One renderer a kind of block.
import { type Html, html } from '../html.ts';
import type { BlockOf, ReportBlock } from '../report.ts';
import { drawBars, drawHistogram, drawLines } from './chart.ts';
import { drawIntervals, drawParallel } from './comparison.ts';
import { drawMatrix } from './matrix.ts';
import { drawPanel, drawScatter, scatterLegend } from './scatter.ts';
import { renderGrid, renderTable } from './table.ts';

type Renderers = { readonly [Kind in ReportBlock['kind']]: (block: BlockOf<Kind>) => Html | Promise<Html> };

const renderers: Renderers = {
  text: ({ paragraphs }) => html`${paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}`,
  facts: ({ items }) =>
    html`<dl class="facts">${items.map(
      ({ term, value, note }) =>
        html`<div><dt>${term}</dt><dd><b>${value}</b>${note === undefined ? '' : html`<span>${note}</span>`}</dd></div>`,
    )}</dl>`,
  table: renderTable,
  grid: renderGrid,
  scatter: async (block) => figure(block, await drawScatter(block)),
  lines: async (block) => figure(block, await drawLines(block)),
  histogram: async (block) => figure(block, await drawHistogram(block)),
  bars: async (block) => figure(block, await drawBars(block)),
  intervals: async (block) => figure(block, await drawIntervals(block)),
  parallel: async (block) => figure(block, await drawParallel(block)),
  matrix: (block) => figure(block, drawMatrix(block)),
  images: ({ caption, columns, items }) =>
    html`<figure class="images"><figcaption>${caption}</figcaption><div style="--columns:${columns}" role="group" tabindex="0" aria-label="${caption}">${items.map(
      ({ png, alt, label }) =>
        html`<div><img class="pixels" alt="${alt}" src="data:image/png;base64,${png}">${label === undefined ? '' : html`<span>${label}</span>`}</div>`,
    )}</div></figure>`,
  panels: async (block) => {
    const panels: Html[] = [];
    // Every panel whose classes have no room for their names shares one legend with the others of the same classes.
    const unnamed = new Map<string, readonly string[]>();
    for (const item of block.items) {
      const { chart, isNamed } = await drawPanel(item);
      if (!isNamed) unnamed.set(JSON.stringify(item.classes), item.classes);
      panels.push(html`<div><p class="panel">${item.title}</p>${chart}</div>`);
    }
    return figure(block, html`${[...unnamed.values()].map(scatterLegend)}<div class="panels">${panels}</div>`);
  },
  code: ({ summary, text }) =>
    html`<details><summary>${summary}</summary><pre tabindex="0"><code>${text}</code></pre></details>`,
};

/** Kinds that are pictures stand side by side where there is room. */
export const pictureKinds: readonly ReportBlock['kind'][] = [
  'scatter',
  'lines',
  'histogram',
  'bars',
  'intervals',
  'parallel',
  'matrix',
];

export async function renderBlock<Kind extends ReportBlock['kind']>(block: BlockOf<Kind>): Promise<Html> {
  // One boundary for the compiler, which does not follow that a key of the table belongs to the block's own kind.
  const render = renderers[block.kind] as unknown as (block: BlockOf<Kind>) => Html | Promise<Html>;
  return render(block);
}

function figure({ title, description }: { readonly title: string; readonly description: string }, picture: Html): Html {
  return html`<figure><figcaption><b>${title}</b><span>${description}</span></figcaption>${picture}</figure>`;
}

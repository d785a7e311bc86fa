// Charts as SVG text, drawn by Vega-Lite without a browser. Text and lines take the page's own colours, so that one SVG
// serves light and dark mode and paper.
import * as vega from 'vega';
import * as vegaLite from 'vega-lite';
import { JepaError } from '../../error.ts';
import { classColours } from '../colour.ts';
import { Html, html } from '../html.ts';
import type { BlockOf } from '../report.ts';
import { renderLegend } from './legend.ts';

/** Of the plot area in CSS px: small enough that its text is readable on a phone, where the SVG shrinks to the page. */
export const WIDTH_PX = 400;
const HEIGHT_PX = 260;

const config: vegaLite.Config = {
  background: 'transparent',
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  axis: {
    labelColor: 'currentColor',
    titleColor: 'currentColor',
    domainColor: 'currentColor',
    tickColor: 'currentColor',
    gridColor: 'currentColor',
    gridOpacity: 0.14,
    domainOpacity: 0.4,
    tickOpacity: 0.4,
    labelFontSize: 12,
    titleFontSize: 13,
    titleFontWeight: 'normal',
    titlePadding: 8,
  },
};

export async function drawLines(block: BlockOf<'lines'>): Promise<Html> {
  const names = block.series.map((series) => series.name);
  const isLog = isLogarithmic(
    block.y.scale,
    block.series.flatMap(({ points }) => points.map(([, y]) => y)),
  );
  const isShown = (y: number) => !isLog || y > 0;
  const values = block.series.flatMap(({ name, points }) =>
    points.filter(([, y]) => isShown(y)).map(([x, y]) => ({ name, x, y })),
  );
  const chart = await draw(block.description, {
    width: WIDTH_PX,
    height: HEIGHT_PX,
    data: { values },
    mark: { type: 'line', strokeWidth: 1.8, aria: false },
    encoding: {
      x: { field: 'x', type: 'quantitative', axis: { title: block.x.label, grid: false, tickCount: 6 } },
      y: {
        field: 'y',
        type: 'quantitative',
        scale: isLog ? { type: 'log' } : { zero: false },
        // g would write 60 as 6e+1 where one digit is enough.
        axis: {
          title: block.y.label,
          format: isLog ? '~g' : '~r',
          ...ticksOf(isLog ? 'log' : 'linear', values),
        },
      },
      color: seriesColour(names),
      strokeDash: seriesDash(names),
    },
  });
  const colours = seriesColours(names.length);
  return names.length > 1
    ? html`${renderLegend(names.map((name, index) => ({ name, colour: colours[index], dash: dashes[index % dashes.length] })))}${chart}`
    : chart;
}

export async function drawHistogram(block: BlockOf<'histogram'>): Promise<Html> {
  const names = block.series.map((series) => series.name);
  const values = block.series.flatMap(({ name, counts }) => {
    const total = counts.reduce((sum, count) => sum + count, 0) || 1;
    return counts.map((count, bin) => ({ name, x: bin * block.width, x2: (bin + 1) * block.width, y: count / total }));
  });
  const chart = await draw(block.description, {
    width: WIDTH_PX,
    height: HEIGHT_PX,
    data: { values },
    mark: { type: 'rect', opacity: 0.55, aria: false },
    encoding: {
      x: { field: 'x', type: 'quantitative', axis: { title: block.x, grid: false } },
      x2: { field: 'x2' },
      y: {
        field: 'y',
        type: 'quantitative',
        stack: null,
        axis: { title: block.y ?? 'fraction of the pairs', format: '~%' },
      },
      y2: { datum: 0 },
      color: seriesColour(names),
    },
  });
  const colours = seriesColours(names.length);
  return html`${renderLegend(names.map((name, index) => ({ name, colour: colours[index] })))}${chart}`;
}

export function drawBars(block: BlockOf<'bars'>): Promise<Html> {
  const isLog = isLogarithmic(block.y.scale, block.values);
  const values = block.values.map((y, index) => ({ x: index + 1, y })).filter(({ y }) => !isLog || y > 0);
  return draw(block.description, {
    width: WIDTH_PX,
    height: HEIGHT_PX,
    data: { values },
    // On a logarithmic scale a bar has no foot: points.
    mark: isLog
      ? { type: 'point', filled: true, size: 26, aria: false, color: classColours(4)[0] }
      : { type: 'bar', aria: false, color: classColours(4)[0] },
    encoding: {
      x: { field: 'x', type: 'quantitative', axis: { title: block.x, grid: false }, scale: { nice: false } },
      y: {
        field: 'y',
        type: 'quantitative',
        scale: isLog ? { type: 'log' } : {},
        axis: { title: block.y.label, format: '~g', ...ticksOf(isLog ? 'log' : 'linear', values) },
      },
    },
  });
}

/** A logarithm has no place for 0 and below; where there is nothing else it would have no domain either. */
function isLogarithmic(scale: 'linear' | 'log', values: readonly number[]): boolean {
  return scale === 'log' && values.some((value) => value > 0);
}

/** Powers of ten alone where a logarithmic axis spans several: its minor lines would be a grey field. */
function ticksOf(scale: 'linear' | 'log', values: readonly { readonly y: number }[]) {
  const logarithms = values.map(({ y }) => Math.log10(y));
  const low = Math.floor(Math.min(...logarithms));
  const high = Math.ceil(Math.max(...logarithms));
  if (scale === 'linear' || !(high - low >= 2)) return { tickCount: 6 };
  const step = Math.ceil((high - low) / 6);
  return {
    values: Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) => 10 ** (low + index * step)),
  };
}

/** Colours far from each other, whatever their number. */
function seriesColours(count: number): string[] {
  return classColours(Math.max(2, count));
}

function seriesColour(names: readonly string[]) {
  const range = seriesColours(names.length).slice(0, Math.max(1, names.length));
  return { field: 'name', type: 'nominal' as const, scale: { domain: [...names], range }, legend: null };
}

/** A second difference beside the colour. */
const dashes: readonly (readonly number[])[] = [
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 3, 2, 3],
];

function seriesDash(names: readonly string[]) {
  return {
    field: 'name',
    type: 'nominal' as const,
    scale: { domain: [...names], range: names.map((_, index) => [...dashes[index % dashes.length]]) },
    legend: null,
  };
}

/** One chart as an image with words. */
export async function draw(description: string, spec: vegaLite.TopLevelSpec): Promise<Html> {
  const compiled = vegaLite.compile({ ...spec, description }, { config, logger: vega.logger(vega.Error) }).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logLevel: vega.Error });
  try {
    const svg = await view.toSVG();
    // The picture is one image with words to a screen reader, and takes the width that the page gives it.
    const [opening, size] = /^<svg[^>]*(viewBox="[^"]*")[^>]*>/.exec(svg) ?? [];
    if (opening === undefined)
      throw new JepaError(`chart "${description}": expected an SVG of Vega, got ${svg.slice(0, 40)}`);
    return html`<svg class="chart" role="img" aria-label="${description}" ${new Html(size)}>${new Html(svg.slice(opening.length))}`;
  } finally {
    view.finalize();
  }
}

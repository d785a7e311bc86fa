// Charts as SVG text, drawn by Vega-Lite without a browser. Text and lines take the page's own colours, so that one SVG
// serves light and dark mode and paper.
import * as vega from 'vega';
import * as vegaLite from 'vega-lite';
import { JepaError } from '../../error.ts';
import { classColours } from '../colour.ts';
import { Html, html } from '../html.ts';
import type { BlockOf } from '../report.ts';

/** Of the plot area in CSS px: small enough that its text is readable on a phone, where the SVG shrinks to the page. */
const WIDTH_PX = 400;
const HEIGHT_PX = 260;

interface Size {
  readonly width: number;
  readonly height: number;
}
const SCATTER_SIZE_PX: Size = { width: WIDTH_PX, height: 340 };
/** Of one of several small pictures, two of which fit beside each other on a phone. */
export const PANEL_SIZE_PX: Size = { width: 190, height: 160 };
const LABEL_SIZE_PX = 15;
/** Of a legend's entry: its symbol with the space around it, and a character of its name. */
const LEGEND_SYMBOL_PX = 34;
const LEGEND_CHARACTER_PX = 6.5;

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
  legend: {
    labelColor: 'currentColor',
    titleColor: 'currentColor',
    labelFontSize: 13,
    orient: 'top',
    symbolStrokeWidth: 3,
    labelLimit: 260,
  },
};

export function drawScatter(block: BlockOf<'scatter'>, size = SCATTER_SIZE_PX): Promise<Html> {
  const points = block.points.map(([x, y, label]) => ({ x, y, label: block.classes[label] }));
  const frame = {
    x: domainOf(
      block.points.map(([x]) => x),
      block.extent,
    ),
    y: domainOf(
      block.points.map(([, y]) => y),
      block.extent,
    ),
  };
  const labels = placeLabels(block, frame, size);
  const isPanel = size.width < WIDTH_PX;
  const plain = { grid: false, labels: false, ticks: false };
  return draw(block.description, {
    ...size,
    layer: [
      {
        data: { values: points },
        mark: { type: 'circle', size: isPanel ? 6 : 14, opacity: 0.6, aria: false },
        encoding: {
          x: {
            field: 'x',
            type: 'quantitative',
            scale: { domain: frame.x },
            axis: { ...plain, title: isPanel ? null : block.x },
          },
          y: {
            field: 'y',
            type: 'quantitative',
            scale: { domain: frame.y },
            axis: { ...plain, title: isPanel ? null : block.y },
          },
          color: {
            field: 'label',
            type: 'nominal',
            scale: { domain: block.classes, range: classColours(block.classes.length) },
            legend: labels === undefined && !isPanel ? { title: null, columns: 9, symbolSize: 60 } : null,
          },
        },
      },
      ...(labels === undefined ? [] : labelLayers(labels)),
    ],
  });
}

type Domain = [low: number, high: number];

interface ClassLabel {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** The values' range with a margin, widened to `extent` around its middle. */
function domainOf(values: readonly number[], extent = 0): Domain {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const half = Math.max(0.54 * (high - low), extent / 2, Number.MIN_VALUE);
  return [(low + high) / 2 - half, (low + high) / 2 + half];
}

/**
 * The class names at the medians of the classes, so that no reader depends on colours. Undefined where the classes lie on
 * top of each other: then a legend says more.
 */
function placeLabels(
  block: BlockOf<'scatter'>,
  frame: { readonly x: Domain; readonly y: Domain },
  size: Size,
): ClassLabel[] | undefined {
  const labels = block.classes.flatMap((name, label): ClassLabel[] => {
    const own = block.points.filter((point) => point[2] === label);
    return own.length > 0 ? [{ name, x: median(own.map(([x]) => x)), y: median(own.map(([, y]) => y)) }] : [];
  });
  const place = ({ x, y }: ClassLabel): [number, number] => [
    (size.width * x) / (frame.x[1] - frame.x[0]),
    (size.height * y) / (frame.y[1] - frame.y[0]),
  ];
  const isCovered = (label: ClassLabel) =>
    labels.some((other) => other !== label && distance(place(other), place(label)) < LABEL_SIZE_PX);
  return labels.filter(isCovered).length > labels.length / 4 ? undefined : labels;
}

/** A halo of the page's background, then the text. */
function labelLayers(values: ClassLabel[]) {
  const encoding = {
    x: { field: 'x', type: 'quantitative' as const },
    y: { field: 'y', type: 'quantitative' as const },
    text: { field: 'name', type: 'nominal' as const },
  };
  const text = { type: 'text' as const, fontSize: LABEL_SIZE_PX, fontWeight: 'bold' as const, aria: false };
  return [
    { data: { values }, mark: { ...text, stroke: 'var(--page)', strokeWidth: 4, strokeOpacity: 0.85 }, encoding },
    { data: { values }, mark: { ...text, color: 'currentColor' }, encoding },
  ];
}

function distance([x, y]: readonly [number, number], [u, v]: readonly [number, number]): number {
  return Math.hypot(x - u, y - v);
}

export function drawLines(block: BlockOf<'lines'>): Promise<Html> {
  const names = block.series.map((series) => series.name);
  // A logarithm has no place for 0 and below.
  const isShown = (y: number) => block.y.scale === 'linear' || y > 0;
  const values = block.series.flatMap(({ name, points }) =>
    points.filter(([, y]) => isShown(y)).map(([x, y]) => ({ name, x, y })),
  );
  return draw(block.description, {
    width: WIDTH_PX,
    height: HEIGHT_PX,
    data: { values },
    mark: { type: 'line', strokeWidth: 1.8, aria: false },
    encoding: {
      x: { field: 'x', type: 'quantitative', axis: { title: block.x.label, grid: false, tickCount: 6 } },
      y: {
        field: 'y',
        type: 'quantitative',
        scale: block.y.scale === 'log' ? { type: 'log' } : { zero: false },
        // g would write 60 as 6e+1 where one digit is enough.
        axis: {
          title: block.y.label,
          format: block.y.scale === 'log' ? '~g' : '~r',
          ...ticksOf(block.y.scale, values),
        },
      },
      color: seriesColour(names, 'stroke'),
      strokeDash: seriesDash(names),
    },
  });
}

export function drawHistogram(block: BlockOf<'histogram'>): Promise<Html> {
  const names = block.series.map((series) => series.name);
  const values = block.series.flatMap(({ name, counts }) => {
    const total = counts.reduce((sum, count) => sum + count, 0) || 1;
    return counts.map((count, bin) => ({ name, x: bin * block.width, x2: (bin + 1) * block.width, y: count / total }));
  });
  return draw(block.description, {
    width: WIDTH_PX,
    height: HEIGHT_PX,
    data: { values },
    mark: { type: 'rect', opacity: 0.55, aria: false },
    encoding: {
      x: { field: 'x', type: 'quantitative', axis: { title: block.x, grid: false } },
      x2: { field: 'x2' },
      y: { field: 'y', type: 'quantitative', stack: null, axis: { title: 'fraction of the pairs', format: '~%' } },
      y2: { datum: 0 },
      color: seriesColour(names, 'square'),
    },
  });
}

export function drawBars(block: BlockOf<'bars'>): Promise<Html> {
  const values = block.values
    .map((y, index) => ({ x: index + 1, y }))
    .filter(({ y }) => block.y.scale === 'linear' || y > 0);
  const isLog = block.y.scale === 'log';
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
        axis: { title: block.y.label, format: '~g', ...ticksOf(block.y.scale, values) },
      },
    },
  });
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
function seriesColour(names: readonly string[], symbolType: 'stroke' | 'square') {
  const colours = classColours(Math.max(2, names.length));
  const title = null;
  const range = names.length <= 1 ? colours.slice(0, 1) : colours;
  return {
    field: 'name',
    type: 'nominal' as const,
    scale: { domain: [...names], range },
    legend: names.length > 1 ? { title, symbolType, ...legendGrid(names) } : null,
  };
}

/** Names beside each other as far as the chart is wide: a wider legend would make the chart itself small. */
function legendGrid(names: readonly string[]) {
  const longest = Math.max(...names.map((name) => name.length));
  const columns = Math.max(1, Math.floor(WIDTH_PX / (LEGEND_SYMBOL_PX + LEGEND_CHARACTER_PX * longest)));
  return { columns, labelLimit: WIDTH_PX / columns - LEGEND_SYMBOL_PX };
}

/** A second difference beside the colour. */
function seriesDash(names: readonly string[]) {
  const dashes = [
    [1, 0],
    [6, 3],
    [2, 2],
    [8, 3, 2, 3],
  ];
  return {
    field: 'name',
    type: 'nominal' as const,
    scale: { domain: [...names], range: names.map((_, index) => dashes[index % dashes.length]) },
    legend: names.length > 1 ? { title: null, ...legendGrid(names) } : null,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function draw(description: string, spec: vegaLite.TopLevelSpec): Promise<Html> {
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

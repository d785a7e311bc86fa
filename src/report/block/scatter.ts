// Points in a plane, coloured by class, with the classes' names in the picture where they find room.
import { median } from '../../measures/median.ts';
import { classColours } from '../colour.ts';
import { type Html, html } from '../html.ts';
import type { BlockOf } from '../report.ts';
import { textWidth } from '../text-width.ts';
import { draw, WIDTH_PX } from './chart.ts';
import { renderLegend } from './legend.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}
const SCATTER_SIZE_PX: Size = { width: WIDTH_PX, height: 340 };
/** Of one of several small pictures, two of which fit beside each other on a phone. */
const PANEL_SIZE_PX: Size = { width: 190, height: 160 };
const LABEL_SIZE_PX = 15;

/** The picture, and a legend where the names have no place in it. */
export async function drawScatter(block: BlockOf<'scatter'>): Promise<Html> {
  const { chart, isNamed } = await drawPlane(block, SCATTER_SIZE_PX);
  return isNamed ? chart : html`${scatterLegend(block.classes)}${chart}`;
}

export interface DrawnPanel {
  readonly chart: Html;
  /** The names of the classes are in the picture. */
  readonly isNamed: boolean;
}

/** Small: whoever puts several beside each other gives them one legend. */
export function drawPanel(block: BlockOf<'scatter'>): Promise<DrawnPanel> {
  return drawPlane(block, PANEL_SIZE_PX);
}

export function scatterLegend(classes: readonly string[]): Html {
  const colours = classColours(classes.length);
  return renderLegend(classes.map((name, label) => ({ name, colour: colours[label], isDot: true })));
}

async function drawPlane(block: BlockOf<'scatter'>, size: Size): Promise<DrawnPanel> {
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
  const { areChoices = false } = block;
  const labels = areChoices ? undefined : placeLabels(block, frame, size);
  const isPanel = size.width < WIDTH_PX;
  const plain = {
    grid: false,
    labels: block.hasUnits === true && !isPanel,
    ticks: block.hasUnits === true && !isPanel,
  };
  const chart = await draw(block.description, {
    ...size,
    layer: [
      ...(areChoices ? [zeroLine] : []),
      {
        data: { values: points },
        mark: { type: 'circle', size: isPanel ? 6 : 14, opacity: areChoices ? 0.9 : 0.6, aria: false },
        encoding: {
          x: {
            field: 'x',
            type: 'quantitative',
            scale: { domain: frame.x, nice: false },
            axis: { ...plain, tickCount: 6, title: isPanel ? null : block.x },
          },
          y: {
            field: 'y',
            type: 'quantitative',
            scale: { domain: frame.y, nice: false },
            axis: { ...plain, tickCount: 5, title: isPanel ? null : block.y },
          },
          color: {
            field: 'label',
            type: 'nominal',
            scale: { domain: block.classes, range: classColours(block.classes.length) },
            legend: null,
          },
          ...(areChoices ? { size: { condition: { test: isFirst(block.classes), value: 190 }, value: 55 } } : {}),
        },
      },
      ...(labels === undefined ? [] : labelLayers(labels)),
    ],
  });
  return { chart, isNamed: labels !== undefined };
}

/** Above it and below it are two different things. */
const zeroLine = {
  data: { values: [{ zero: 0 }] },
  mark: { type: 'rule' as const, strokeDash: [4, 3], color: '#767b85', aria: false },
  encoding: { y: { field: 'zero', type: 'quantitative' as const } },
};

function isFirst([name]: readonly string[]): string {
  return `datum.label === ${JSON.stringify(name)}`;
}

type Domain = [low: number, high: number];

interface ClassLabel {
  readonly name: string;
  /** In the units of the axes. */
  readonly x: number;
  readonly y: number;
}

/** The values' range with a margin, widened to `extent` around its middle; where all are one value, a range that has ticks. */
function domainOf(values: readonly number[], extent = 0): Domain {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const middle = (low + high) / 2;
  const half = Math.max(0.54 * (high - low), extent / 2);
  const seen = half > Math.max(1e-290, 1e-12 * Math.abs(middle)) ? half : Math.max(1, Math.abs(middle));
  return [middle - seen, middle + seen];
}

/**
 * The class names at the medians of the classes, so that no reader depends on colours; above a class that the name would hide.
 * Undefined where names would lie on top of each other: then a legend says more.
 */
function placeLabels(
  block: BlockOf<'scatter'>,
  frame: { readonly x: Domain; readonly y: Domain },
  size: Size,
): ClassLabel[] | undefined {
  const pxPerX = size.width / (frame.x[1] - frame.x[0]);
  const pxPerY = size.height / (frame.y[1] - frame.y[0]);
  const labels = block.classes.flatMap((name, label): ClassLabel[] => {
    const own = block.points.filter((point) => point[2] === label);
    if (own.length === 0) return [];
    const [xs, ys] = [own.map(([x]) => x), own.map(([, y]) => y)];
    const isHidden =
      extentOf(xs) * pxPerX < textWidth(name, LABEL_SIZE_PX, true) + LABEL_SIZE_PX &&
      extentOf(ys) * pxPerY < 2 * LABEL_SIZE_PX;
    const middle = median(ys);
    const above = Math.min(frame.y[1] - (0.6 * LABEL_SIZE_PX) / pxPerY, Math.max(...ys) + LABEL_SIZE_PX / pxPerY);
    return [{ name, x: median(xs), y: isHidden ? above : middle }];
  });
  const covers = (a: ClassLabel, b: ClassLabel) =>
    Math.abs(a.y - b.y) * pxPerY < LABEL_SIZE_PX &&
    2 * Math.abs(a.x - b.x) * pxPerX < textWidth(a.name + b.name, LABEL_SIZE_PX, true) + LABEL_SIZE_PX / 2;
  const isCovered = (label: ClassLabel) => labels.some((other) => other !== label && covers(other, label));
  return labels.some(isCovered) ? undefined : labels;
}

/** Between the 5th and the 95th percentile: a stray point makes no class visible. */
function extentOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))];
  return at(0.95) - at(0.05);
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

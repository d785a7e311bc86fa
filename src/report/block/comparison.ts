// Charts that compare many configurations: one line each with its interval, and parallel coordinates.
import type { Html } from '../html.ts';
import type { BlockOf } from '../report.ts';
import { draw, WIDTH_PX } from './chart.ts';

const ROW_PX = 22;
const PARALLEL_HEIGHT_PX = 240;
const HIGHLIGHT = '#c2410c';

/** A dot and a line a row, from the top in the order given. */
export function drawIntervals(block: BlockOf<'intervals'>): Promise<Html> {
  const values = block.rows.map(({ name, value, low, high, isHighlighted }) => ({
    name: name.length > 36 ? `${name.slice(0, 35)}…` : name,
    value,
    low: low ?? value,
    high: high ?? value,
    colour: isHighlighted ? HIGHLIGHT : 'currentColor',
  }));
  const y = {
    field: 'name',
    type: 'nominal' as const,
    sort: null,
    axis: { title: null, grid: true, labelLimit: 0 },
  };
  const colour = { field: 'colour', type: 'nominal' as const, scale: null };
  return draw(block.description, {
    width: WIDTH_PX - 140,
    height: Math.max(3, values.length) * ROW_PX,
    data: { values },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 2, aria: false },
        encoding: {
          y,
          x: {
            field: 'low',
            type: 'quantitative',
            scale: { zero: false },
            axis: { title: block.x, tickCount: 5, format: '~r' },
          },
          x2: { field: 'high' },
          color: colour,
        },
      },
      {
        mark: { type: 'circle', size: 60, opacity: 1, aria: false },
        encoding: { y, x: { field: 'value', type: 'quantitative' }, color: colour },
      },
    ],
  });
}

/** An axis a parameter and a line a configuration, each axis from its lowest to its highest place. */
export function drawParallel(block: BlockOf<'parallel'>): Promise<Html> {
  const step = WIDTH_PX / Math.max(1, block.axes.length - 1);
  const lines = block.lines.flatMap(({ places, isHighlighted }, line) =>
    places.map((place, axis) => ({ line, x: axis * step, y: place, isHighlighted })),
  );
  const ticks = block.axes.flatMap(({ ticks: own }, axis) =>
    own.map(({ place, text }) => ({ x: axis * step, y: place, text, isLast: axis === block.axes.length - 1 })),
  );
  const titles = block.axes.map(({ name }, axis) => ({ x: axis * step, y: axis % 2 === 0 ? 1.1 : 1.2, name }));
  const x = {
    field: 'x',
    type: 'quantitative' as const,
    axis: null,
    scale: { domain: [-20, WIDTH_PX + 20], nice: false },
  };
  const y = { field: 'y', type: 'quantitative' as const, axis: null, scale: { domain: [-0.05, 1.25], nice: false } };
  const strokes = (isHighlighted: boolean) => ({
    data: { values: lines.filter((each) => each.isHighlighted === isHighlighted) },
    mark: {
      type: 'line' as const,
      aria: false,
      color: isHighlighted ? HIGHLIGHT : 'currentColor',
      strokeWidth: isHighlighted ? 3 : 1.2,
      opacity: isHighlighted ? 1 : 0.35,
    },
    encoding: { x, y, detail: { field: 'line', type: 'nominal' as const } },
  });
  const words = (isLast: boolean) => ({
    data: { values: ticks.filter((tick) => tick.isLast === isLast) },
    mark: {
      type: 'text' as const,
      fontSize: 12,
      dx: isLast ? -5 : 5,
      dy: -7,
      align: isLast ? ('right' as const) : ('left' as const),
      color: 'currentColor',
      aria: false,
    },
    encoding: { x, y, text: { field: 'text', type: 'nominal' as const } },
  });
  const names = (part: 'left' | 'center' | 'right', values: typeof titles) => ({
    data: { values },
    mark: {
      type: 'text' as const,
      fontSize: 12,
      fontWeight: 'bold' as const,
      align: part,
      limit: Math.max(80, step - 8),
      color: 'currentColor',
      aria: false,
    },
    encoding: { x, y, text: { field: 'name', type: 'nominal' as const } },
  });
  return draw(block.description, {
    width: WIDTH_PX,
    height: PARALLEL_HEIGHT_PX,
    layer: [
      {
        data: { values: block.axes.map((_, axis) => ({ x: axis * step, y: 0, y2: 1 })) },
        mark: { type: 'rule', opacity: 0.5, color: 'currentColor', aria: false },
        encoding: { x, y, y2: { field: 'y2' } },
      },
      strokes(false),
      strokes(true),
      words(false),
      words(true),
      names('left', titles.slice(0, 1)),
      names('center', titles.slice(1, -1)),
      names('right', titles.slice(1).slice(-1)),
    ],
  });
}

// Charts of what has no extent: collapsed latents are where a report is read most.
import { expect, test, vi } from 'vitest';
import { drawBars, drawLines } from '../../src/report/block/chart.ts';
import { drawScatter } from '../../src/report/block/scatter.ts';

const axis = { label: 'singular value', scale: 'log' } as const;

test.each([0, 3, -1e9, 1e-310])('points that are all %d are drawn at one place, with axes', async (value) => {
  const said = vi.spyOn(console, 'error');
  const svg = String(
    await drawScatter({
      kind: 'scatter',
      title: 'latents',
      description: 'latents',
      x: 'component 1',
      y: 'component 2',
      hasUnits: true,
      classes: ['a', 'b'],
      points: [
        [value, value, 0],
        [value, value, 1],
      ],
    }),
  );
  expect(said).not.toHaveBeenCalled();
  expect(svg).toContain('component 1');
  expect(svg).not.toMatch(/NaN|Infinity/);
});

test('numbers that are all 0 are drawn as 0 where a logarithm has no place for them', async () => {
  const said = vi.spyOn(console, 'error');
  const common = { title: 'values', description: 'values' };
  const bars = await drawBars({ ...common, kind: 'bars', x: 'rank', y: axis, values: [0, 0, 0] });
  const lines = await drawLines({
    ...common,
    kind: 'lines',
    x: { label: 'rank', scale: 'linear' },
    y: axis,
    series: [{ name: 'a', points: [[1, 0]] }],
  });
  expect(said).not.toHaveBeenCalled();
  for (const chart of [bars, lines]) {
    expect(String(chart)).toContain('singular value');
    expect(String(chart)).not.toMatch(/NaN|Infinity/);
  }
});

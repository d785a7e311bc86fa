// Text in pictures: measured, whole, and not in the way of what it names.
import { describe, expect, test } from 'vitest';
import { drawHistogram, drawLines } from '../../src/report/block/chart.ts';
import { renderBlock } from '../../src/report/block/index.ts';
import { drawMatrix } from '../../src/report/block/matrix.ts';
import { drawScatter } from '../../src/report/block/scatter.ts';
import { fitText, textWidth } from '../../src/report/text-width.ts';

const axis = { label: 'step', scale: 'linear' as const };
const longNames = ['different classes, far apart', 'observation.state[0]', 'observation.state[1]'];

describe('measured text', () => {
  test('is as wide as DejaVu Sans sets it', () => {
    expect(textWidth('Wi', 10)).toBeCloseTo(12.67);
    expect(textWidth('Wi', 10, true)).toBeCloseTo(14.46);
    expect(textWidth('\u6f22', 10)).toBe(10);
  });

  test('is shortened only where it does not fit', () => {
    expect(fitText('label 0', 60, 12)).toBe('label 0');
    const short = fitText('a label of many words', 60, 12);
    expect(short).toMatch(/^a lab.*…$/);
    expect(textWidth(short, 12)).toBeLessThanOrEqual(60);
  });
});

describe('legends', () => {
  test('hold every name whole', async () => {
    const series = longNames.map((name) => ({
      name,
      points: [
        [0, 1],
        [1, 2],
      ] as [number, number][],
    }));
    const lines = await drawLines({ kind: 'lines', title: 't', description: 'd', x: axis, y: axis, series });
    const histogram = await drawHistogram({
      kind: 'histogram',
      title: 't',
      description: 'd',
      x: 'distance',
      width: 1,
      series: longNames.map((name) => ({ name, counts: [1, 2] })),
    });
    for (const { text } of [lines, histogram]) {
      for (const name of longNames) expect(text).toContain(`</svg>${name}</li>`);
      expect(text).not.toContain('…');
    }
  });

  test('name the classes of panels that lie on top of each other, once', async () => {
    const item = {
      kind: 'scatter' as const,
      title: 'coarse',
      description: 'd',
      x: '',
      y: '',
      classes: ['zero', 'one'],
      points: [
        [0, 0, 0],
        [1, 1, 0],
        [0, 0, 1],
        [1, 1, 1],
      ] as [number, number, number][],
    };
    const { text } = await renderBlock({ kind: 'panels', title: 't', description: 'd', items: [item, item] });
    expect(text.match(/<ul class="legend">/g)).toHaveLength(1);
    expect(text).toContain('</svg>zero</li>');
  });
});

describe('the names in a scatter plot', () => {
  const spread = Array.from({ length: 40 }, (_, i): [number, number, number] => [10 + (i % 8), i % 10, 1]);

  test('stand above a class that they would hide, and in the middle of one that they would not', async () => {
    const points: [number, number, number][] = [[0, 5, 0], [0, 5, 0], ...spread];
    const { text } = await drawScatter({
      kind: 'scatter',
      title: 't',
      description: 'd',
      x: 'component 1 (99.5% of the variance)',
      y: 'component 2 (0.3% of the variance)',
      hasUnits: true,
      classes: ['hidden', 'wide'],
      points,
    });
    const yOf = (name: string) => {
      const [, y] = new RegExp(`translate\\([\\d.]+,([\\d.]+)\\)[^>]*>${name}<`).exec(text) ?? [];
      return Number(y);
    };
    // 340 px for -0.36..9.36; the point of the first class is at 5, 152.5 px from above.
    // The name's middle is 15 px above it; Vega gives its baseline, 0.3 of the size lower.
    expect(Math.abs(152.5 - yOf('hidden') - (15 - 0.3 * 15))).toBeLessThan(1);
    expect(yOf('wide')).toBeGreaterThan(140);
    expect(text).toContain('component 2 (0.3% of the variance)');
    // Ticks say how much longer the one axis is than the other.
    expect(text).toMatch(/role-axis-label/);
  });
});

describe('a heat map', () => {
  test('has room for the names of its groups', () => {
    const { text } = drawMatrix({
      kind: 'matrix',
      title: 't',
      description: 'd',
      unit: 'distance',
      groups: [
        { name: 'label 0', size: 1 },
        { name: 'a label that is far longer than any heat map has room for', size: 2 },
      ],
      values: [0, 1, 2, 1, 0, 1, 2, 1, 0],
    });
    expect(text.match(/>label 0<\/text>/g)).toHaveLength(2);
    expect(text).toContain('<title>a label that is far longer than any heat map has room for</title>a label that');
    const texts = [
      ...text.matchAll(/<text x="([\d.]+)" y="[\d.]+" text-anchor="end">(?:<title>[^<]*<\/title>)?([^<]+)</g),
    ];
    for (const [, x, shown] of texts.slice(0, 2)) expect(Number(x) - textWidth(shown, 12)).toBeGreaterThanOrEqual(0);
  });
});

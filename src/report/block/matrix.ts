// Heat maps: a picture of one pixel an entry, stretched, with the groups named along two sides and a scale below.
import { rampColour, toHex } from '../colour.ts';
import { Html, html } from '../html.ts';
import { heatMap } from '../picture.ts';
import type { BlockOf } from '../report.ts';

/** Sizes in the SVG's own units. */
const SIDE = 400;
const MARGIN = 46;
const SCALE_HEIGHT = 46;
/** Names of groups narrower than this would run into each other. */
const LABEL_SPACE = 13;

export function drawMatrix(block: BlockOf<'matrix'>): Html {
  const count = block.groups.reduce((sum, group) => sum + group.size, 0);
  const largest = block.values.reduce((max, value) => Math.max(max, value), 0);
  const png = Buffer.from(heatMap(block.values, count).bytes).toString('base64');
  const unit = SIDE / count;
  const labels: Html[] = [];
  const lines: Html[] = [];
  let start = 0;
  let labelledTo = Number.NEGATIVE_INFINITY;
  for (const { name, size } of block.groups) {
    const middle = MARGIN + (start + size / 2) * unit;
    if (middle - labelledTo >= LABEL_SPACE) {
      labelledTo = middle;
      labels.push(html`<text x="${MARGIN - 8}" y="${round(middle + 4)}" text-anchor="end">${clip(name)}</text>`);
      labels.push(html`<text x="${round(middle)}" y="${MARGIN - 8}" text-anchor="middle">${clip(name)}</text>`);
    }
    start += size;
    if (start < count && unit * size > 4) {
      const at = round(MARGIN + start * unit);
      lines.push(html`<path d="M${MARGIN} ${at}H${MARGIN + SIDE}M${at} ${MARGIN}V${MARGIN + SIDE}"/>`);
    }
  }
  const width = MARGIN + SIDE + 8;
  const height = MARGIN + SIDE + SCALE_HEIGHT;
  return html`<svg class="chart" role="img" aria-label="${block.description}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-size="12" fill="currentColor"><image class="pixels" x="${MARGIN}" y="${MARGIN}" width="${SIDE}" height="${SIDE}" preserveAspectRatio="none" href="data:image/png;base64,${png}"/><g stroke="#fff" stroke-opacity=".35" stroke-width="1" fill="none">${lines}</g>${labels}${scaleBar(largest, block.unit)}</svg>`;
}

function scaleBar(largest: number, unit: string): Html {
  const steps = 40;
  const y = MARGIN + SIDE + 12;
  const stops = Array.from({ length: steps + 1 }, (_, step) => {
    const fraction = step / steps;
    return new Html(`<stop offset="${fraction}" stop-color="${toHex(rampColour(fraction))}"/>`);
  });
  return html`<defs><linearGradient id="ramp">${stops}</linearGradient></defs><rect x="${MARGIN}" y="${y}" width="${SIDE}" height="10" fill="url(#ramp)"/><text x="${MARGIN}" y="${y + 25}">0</text><text x="${MARGIN + SIDE / 2}" y="${y + 25}" text-anchor="middle">${unit}</text><text x="${MARGIN + SIDE}" y="${y + 25}" text-anchor="end">${Number(largest.toPrecision(3))}</text>`;
}

function clip(name: string): string {
  return name.length > 6 ? `${name.slice(0, 5)}…` : name;
}

function round(value: number): number {
  return Math.round(100 * value) / 100;
}

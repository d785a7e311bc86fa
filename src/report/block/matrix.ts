// Heat maps: a picture of one pixel an entry, stretched, with the groups named along two sides and a scale below.
import { rampColour, toHex } from '../colour.ts';
import { Html, html } from '../html.ts';
import { heatMap } from '../picture.ts';
import type { BlockOf } from '../report.ts';
import { fitText, textWidth } from '../text-width.ts';

/** Sizes in the SVG's own units. */
const SIDE = 400;
const SCALE_HEIGHT = 46;
const FONT_SIZE = 12;
/** Names of groups narrower than this would run into each other. */
const LABEL_SPACE = 13;
/** Between a name and the map, and the most that a name may take; what is longer is shortened, and whole in its title. */
const LABEL_GAP = 8;
const LONGEST_LABEL = 130;

export function drawMatrix(block: BlockOf<'matrix'>): Html {
  const count = block.groups.reduce((sum, group) => sum + group.size, 0);
  const largest = block.values.reduce((max, value) => Math.max(max, value), 0);
  const png = Buffer.from(heatMap(block.values, count).bytes).toString('base64');
  const unit = SIDE / count;
  const labels: Html[] = [];
  const lines: Html[] = [];
  const widest = Math.max(...block.groups.map(({ name }) => textWidth(shortened(name), FONT_SIZE)));
  // Above, names stand upright where they are wider than their groups.
  const areUpright = block.groups.some(({ name, size }) => textWidth(name, FONT_SIZE) > size * unit - 4);
  const left = Math.max(30, widest + LABEL_GAP + 2);
  const top = areUpright ? left : FONT_SIZE + LABEL_GAP + 8;
  let start = 0;
  let labelledTo = Number.NEGATIVE_INFINITY;
  for (const { name, size } of block.groups) {
    const middle = (start + size / 2) * unit;
    if (middle - labelledTo >= LABEL_SPACE) {
      labelledTo = middle;
      const text = shortened(name);
      const title = text === name ? '' : html`<title>${name}</title>`;
      labels.push(
        html`<text x="${round(left - LABEL_GAP)}" y="${round(top + middle + 4)}" text-anchor="end">${title}${text}</text>`,
      );
      const [x, y] = [round(left + middle), top - LABEL_GAP];
      labels.push(
        areUpright
          ? html`<text x="${x + 4}" y="${y}" transform="rotate(-90 ${x + 4} ${y})">${title}${text}</text>`
          : html`<text x="${x}" y="${y}" text-anchor="middle">${title}${text}</text>`,
      );
    }
    start += size;
    if (start < count && unit * size > 4) {
      const at = start * unit;
      lines.push(
        html`<path d="M${round(left)} ${round(top + at)}h${SIDE}M${round(left + at)} ${round(top)}v${SIDE}"/>`,
      );
    }
  }
  const width = round(left + SIDE + 8);
  const height = round(top + SIDE + SCALE_HEIGHT);
  return html`<svg class="chart" role="img" aria-label="${block.description}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-size="${FONT_SIZE}" fill="currentColor"><image class="pixels" x="${round(left)}" y="${round(top)}" width="${SIDE}" height="${SIDE}" preserveAspectRatio="none" href="data:image/png;base64,${png}"/><g stroke="#fff" stroke-opacity=".35" stroke-width="1" fill="none">${lines}</g>${labels}${scaleBar(largest, block.unit, { left: round(left), top: round(top + SIDE + 12) })}</svg>`;
}

function scaleBar(largest: number, unit: string, { left, top }: { readonly left: number; readonly top: number }): Html {
  const steps = 40;
  const stops = Array.from({ length: steps + 1 }, (_, step) => {
    const fraction = step / steps;
    return new Html(`<stop offset="${fraction}" stop-color="${toHex(rampColour(fraction))}"/>`);
  });
  return html`<defs><linearGradient id="ramp">${stops}</linearGradient></defs><rect x="${left}" y="${top}" width="${SIDE}" height="10" fill="url(#ramp)"/><text x="${left}" y="${top + 25}">0</text><text x="${left + SIDE / 2}" y="${top + 25}" text-anchor="middle">${unit}</text><text x="${left + SIDE}" y="${top + 25}" text-anchor="end">${Number(largest.toPrecision(3))}</text>`;
}

function shortened(name: string): string {
  return fitText(name, LONGEST_LABEL, FONT_SIZE);
}

function round(value: number): number {
  return Math.round(100 * value) / 100;
}

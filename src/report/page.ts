// A report as one HTML file without network: what was asked, the verdict and the picture that proves it on the first
// screen, then the sections. A pure function of the report's data, which the page also carries.
import { pictureKinds, renderBlock } from './block/index.ts';
import { renderTable } from './block/table.ts';
import { type Html, html, Html as Markup, scriptJson } from './html.ts';
import { type Report, type ReportBlock, type ReportSection, reportSchema } from './report.ts';
import { style } from './style.ts';

/** A report as one HTML page that needs no network. @returns the text of the page */
export async function renderReport(report: Report): Promise<string> {
  const { title, question, answer, picture, sections, generator } = report;
  const rendered: Html[] = [];
  for (const section of sections) rendered.push(await renderSection(section));
  const links = sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${generator}">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title}: ${answer.headline}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the sections</a>
<header>
<div class="first">
<div class="question">
<p class="kicker">${title}</p>
<h1>${question}</h1>
<p class="verdict ${answer.tone}">${answer.headline}</p>
</div>
${await renderFirst(picture)}
<ul class="answer">${answer.sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>
</div>
</header>
<nav aria-label="Sections"><ul>${links}</ul></nav>
<main id="main">
${rendered}
</main>
<footer>Written by ${generator}. The data of this page are inside it, as JSON in the element #report.</footer>
<script type="application/json" id="report">${scriptJson(report)}</script>
</body>
</html>
`;
  return page.text;
}

/** The data of a page that `renderReport` made; undefined for any other text. */
export function readReportPage(page: string): Report | undefined {
  const [, text] = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(page) ?? [];
  if (text === undefined) return undefined;
  return reportSchema.safeParse(JSON.parse(text)).data;
}

/** What is no figure by itself (a table is a heading and a region) takes the figure's place as a whole. */
async function renderFirst(picture: ReportBlock): Promise<Html> {
  if (picture.kind === 'table') return html`<div class="picture">${renderTable(picture, 2)}</div>`;
  const rendered = await renderBlock(picture);
  return isPicture(picture) ? rendered : html`<div class="picture">${rendered}</div>`;
}

async function renderSection({ id, title, finding, blocks }: ReportSection): Promise<Html> {
  const parts: Html[] = [];
  for (const { layout, run } of runsOf(blocks)) {
    const rendered: Html[] = [];
    for (const block of run) rendered.push(await renderBlock(block));
    if (layout === 'beside') parts.push(html`<div class="beside">${rendered[0]}<div>${rendered.slice(1)}</div></div>`);
    else parts.push(layout === 'alone' ? html`${rendered}` : html`<div class="${layout}">${rendered}</div>`);
  }
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${finding === undefined ? '' : html`<p class="finding">${finding}</p>`}
${parts}
</section>
`;
}

const COLUMNS_BESIDE_IMAGES = 5;

type Layout = 'pictures' | 'tables' | 'beside' | 'alone';

interface Run {
  readonly layout: Layout;
  readonly run: ReportBlock[];
}

/** Consecutive blocks that share a row where there is room: pictures, tables, images and the words on them. */
function runsOf(blocks: readonly ReportBlock[]): Run[] {
  const runs: Run[] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    const layout = layoutOf(block);
    const isMore = layout === last?.layout && layout !== 'alone' && layout !== 'beside';
    const isOnImages = last?.layout === 'beside' && (block.kind === 'text' || isNarrow(block));
    if (last && (isMore || isOnImages)) last.run.push(block);
    else runs.push({ layout, run: [block] });
  }
  return runs.map(({ layout, run }) => ({ layout: layout === 'beside' && run.length === 1 ? 'alone' : layout, run }));
}

function layoutOf(block: ReportBlock): Layout {
  if (isPicture(block)) return 'pictures';
  if (block.kind === 'table' || block.kind === 'grid') return 'tables';
  return block.kind === 'images' ? 'beside' : 'alone';
}

/** Whether a table has room beside images; wider ones get a row of their own. */
function isNarrow(block: ReportBlock): boolean {
  return block.kind === 'table' && block.columns.length <= COLUMNS_BESIDE_IMAGES;
}

function isPicture(block: ReportBlock): boolean {
  return pictureKinds.includes(block.kind);
}

// A report as one HTML file without network: what was asked, the verdict and the picture that proves it on the first
// screen, then the sections. A pure function of the report's data, which the page also carries.
import { pictureKinds, renderBlock } from './block/index.ts';
import { type Html, html, Html as Markup, scriptJson } from './html.ts';
import { type Report, type ReportBlock, type ReportSection, reportSchema } from './report.ts';
import { style } from './style.ts';

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
<nav aria-label="Sections"><ul>${links}</ul></nav>
</header>
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
  const rendered = await renderBlock(picture);
  return isPicture(picture) ? rendered : html`<div class="picture">${rendered}</div>`;
}

async function renderSection({ id, title, finding, blocks }: ReportSection): Promise<Html> {
  const parts: Html[] = [];
  for (const run of runsOfPictures(blocks)) {
    const rendered: Html[] = [];
    for (const block of run) rendered.push(await renderBlock(block));
    parts.push(isPicture(run[0]) ? html`<div class="pictures">${rendered}</div>` : html`${rendered}`);
  }
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${finding === undefined ? '' : html`<p class="finding">${finding}</p>`}
${parts}
</section>
`;
}

/** Consecutive pictures together, everything else by itself. */
function runsOfPictures(blocks: readonly ReportBlock[]): ReportBlock[][] {
  const runs: ReportBlock[][] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    if (last && isPicture(last[0]) && isPicture(block)) last.push(block);
    else runs.push([block]);
  }
  return runs;
}

function isPicture(block: ReportBlock): boolean {
  return pictureKinds.includes(block.kind);
}

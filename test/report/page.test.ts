import { decode } from 'fast-png';
import { beforeAll, describe, expect, test } from 'vitest';
import { rampColour } from '../../src/report/colour.ts';
import { renderReport } from '../../src/report/page.ts';
import { reportSchema } from '../../src/report/report.ts';
import { fixtureReport, hostileName } from './report-fixture.ts';

describe('report page', () => {
  let page: string;
  let body: string;
  beforeAll(async () => {
    page = await renderReport(fixtureReport);
    body = page.slice(0, page.indexOf('<script type="application/json"'));
  });

  test('is a pure function of its data', async () => {
    expect(await renderReport(structuredClone(fixtureReport))).toBe(page);
  });

  test('carries its data, which read back as the report', () => {
    const json = page.match(/<script type="application\/json" id="report">(.*?)<\/script>/s);
    expect(reportSchema.parse(JSON.parse(json?.[1] ?? ''))).toEqual(fixtureReport);
  });

  test('escapes every name that it is given, in text, attributes, charts and data', () => {
    expect(page).not.toContain(hostileName);
    // Markup that only an unescaped name could have made.
    expect(page).not.toMatch(/<script>|<img src=x/);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    // A quote of the name inside of an attribute would leave it: then its `onerror` would become an attribute.
    expect(body.replace(/"[^"]*"/g, '""')).not.toMatch(/<[a-z][^>]*onerror/);
  });

  test('needs no network and runs no script', () => {
    const addresses = Array.from(page.matchAll(/(?:src|href)="([^"]*)"/g), (match) => match[1]);
    expect(addresses.length).toBeGreaterThan(3);
    for (const address of addresses) expect(address).toMatch(/^(#|data:image\/png;base64,)/);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
    expect(page).not.toMatch(/url\((?!#)/);
    expect(page).not.toContain('@import');
  });

  test('every picture has a role and words, every image an alternative text, every table header a scope', () => {
    const pictures = page.match(/<svg class="chart"[^>]*>/g) ?? [];
    expect(pictures).toHaveLength(7);
    for (const picture of pictures) expect(picture).toMatch(/role="img" aria-label="[^"]{5,}"/);
    for (const image of body.match(/<img [^>]*>/g) ?? []) expect(image).toMatch(/alt="[^"]+"/);
    for (const header of body.match(/<th[ >][^>]*>/g) ?? []) expect(header).toMatch(/scope="(col|row)"/);
    for (const region of body.match(/class="scroll"[^>]*>/g) ?? [])
      expect(region).toMatch(/role="group" tabindex="0" aria-label="[^"]+"/);
  });

  test('identifiers are unique, links lead to them, headings go down by one', () => {
    const identifiers = Array.from(body.matchAll(/ id="([^"]+)"/g), (match) => match[1]);
    expect(new Set(identifiers).size).toBe(identifiers.length);
    for (const [, target] of body.matchAll(/href="#([^"]+)"/g)) expect(identifiers).toContain(target);
    const levels = Array.from(body.matchAll(/<h(\d)/g), (match) => Number(match[1]));
    expect(levels[0]).toBe(1);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    levels.forEach((level, index) => {
      if (index > 0) expect(level - levels[index - 1]).toBeLessThanOrEqual(1);
    });
  });

  test('the heat map holds the colour of every entry', () => {
    const svg = page.slice(page.indexOf('aria-label="Two groups"'));
    const image = svg.match(/href="data:image\/png;base64,([^"]+)"/);
    const { width, height, data } = decode(Buffer.from(image?.[1] ?? '', 'base64'));
    expect([width, height]).toEqual([3, 3]);
    const expected = [0, 1, 4, 1, 0, 2, 4, 2, 0].flatMap((value) => rampColour(value / 4));
    expect(Array.from(data)).toEqual(expected);
  });

  test('class names stand where the classes lie, and in a legend where these lie on top of each other', () => {
    const charts = page.split('<svg class="chart"');
    // Twice each in the first picture: once as halo, once as text.
    expect(charts[1].match(/>1<\/text>/g)).toHaveLength(2);
    expect(charts[0]).not.toContain('<ul class="legend">');
    // The legend stands before its picture, as text that the browser lays out: whole names.
    const [, legend] = /<ul class="legend">(.*?)<\/ul>$/s.exec(charts[1].trimEnd()) ?? [];
    expect(legend?.match(/<\/svg>[^<]+<\/li>/g)).toHaveLength(3);
    expect(page).not.toContain('role-legend');
  });

  test('a section without blocks, and an unknown kind, are handled by the schema', () => {
    const empty = { ...fixtureReport, sections: [{ id: 'empty', title: 'Empty', blocks: [] }] };
    expect(reportSchema.safeParse(empty).success).toBe(true);
    const unknown = { ...fixtureReport, picture: { kind: 'hologram' } };
    expect(reportSchema.safeParse(unknown).success).toBe(false);
    const badIdentifier = { ...fixtureReport, sections: [{ id: 'a" onclick="x', title: 'Bad', blocks: [] }] };
    expect(reportSchema.safeParse(badIdentifier).success).toBe(false);
  });
});

test('a table has its place beside images where it is narrow, and a row of its own where it is wide', async () => {
  const table = (columns: number) => ({
    kind: 'table' as const,
    caption: `of ${columns}`,
    columns: Array.from({ length: columns }, (_, i) => ({ name: `column ${i}`, align: 'right' as const })),
    rows: [Array.from({ length: columns }, (_, i) => `${i}`)],
  });
  const images = fixtureReport.sections.flatMap(({ blocks }) => blocks).find(({ kind }) => kind === 'images');
  if (images === undefined) throw new Error('the fixture has no images');
  const section = { id: 'both', title: 'Both', blocks: [images, table(5), images, table(6)] };
  const page = await renderReport({ ...fixtureReport, sections: [section] });
  const besides = page.split('<div class="beside">').length - 1;
  expect(besides).toBe(1);
  expect(page.indexOf('of 5')).toBeGreaterThan(page.indexOf('<div class="beside">'));
  expect(page).toMatch(/<div class="tables"><div class="table"><h3>of 6/);
});

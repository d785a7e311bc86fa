// The data of a report: versioned JSON first, of which the page (page.ts) is a pure function. A feature adds to a report by
// adding a section: a title, the finding in one line, and blocks out of the kinds below.
import * as z from 'zod';

/** Raised when a field changes its meaning. Fields and kinds of blocks may be added without. */
export const REPORT_FORMAT = 1;

const text = z.string();
const number = z.number();
/** Colours what it stands on: a verdict, a cell. Never the only carrier of a meaning. */
const tone = z.enum(['good', 'fair', 'bad', 'plain']);
export type Tone = z.output<typeof tone>;

/** What every picture has: a title, and in words what can be seen in it. */
const picture = { title: text, description: text };
const axis = z.strictObject({ label: text, scale: z.enum(['linear', 'log']).default('linear') });

const textBlock = z.strictObject({ kind: z.literal('text'), paragraphs: z.array(text) });

const factsBlock = z.strictObject({
  kind: z.literal('facts'),
  items: z.array(z.strictObject({ term: text, value: text, note: text.optional() })),
});

const tableCell = z.union([text, z.strictObject({ text, tone })]);
const tableBlock = z.strictObject({
  kind: z.literal('table'),
  caption: text,
  columns: z.array(z.strictObject({ name: text, align: z.enum(['left', 'right']).default('left') })),
  rows: z.array(z.array(tableCell)).describe('the first cell of a row is its header'),
});

const scatterBlock = z.strictObject({
  kind: z.literal('scatter'),
  ...picture,
  x: text,
  y: text,
  classes: z.array(text),
  points: z.array(z.tuple([number, number, z.int()])).describe('x, y, class'),
  hasUnits: z.boolean().optional().describe('the numbers along the axes mean something: they are written there'),
  areChoices: z
    .boolean()
    .optional()
    .describe('each point means something: they are large, the first class largest, with a legend and a line at y = 0'),
  extent: number.optional().describe('both axes are at least so long; without, they fit the points'),
});

const linesBlock = z.strictObject({
  kind: z.literal('lines'),
  ...picture,
  x: axis,
  y: axis,
  series: z.array(z.strictObject({ name: text, points: z.array(z.tuple([number, number])) })),
});

const histogramBlock = z.strictObject({
  kind: z.literal('histogram'),
  ...picture,
  x: text,
  y: text.optional().describe('default: fraction of the pairs'),
  width: number.describe('of a bin; the first one starts at 0'),
  series: z
    .array(z.strictObject({ name: text, counts: z.array(number) }))
    .describe('each is shown as fractions of its sum'),
});

const barsBlock = z.strictObject({
  kind: z.literal('bars'),
  ...picture,
  x: text,
  y: axis,
  values: z.array(number),
});

const intervalsBlock = z.strictObject({
  kind: z.literal('intervals'),
  ...picture,
  x: text,
  rows: z.array(
    z.strictObject({
      name: text,
      value: number,
      low: number.optional().describe('of the interval, where there is one'),
      high: number.optional(),
      isHighlighted: z.boolean().default(false),
    }),
  ),
});

const place = number.describe('from 0, the lower end of its axis, to 1');
const parallelBlock = z.strictObject({
  kind: z.literal('parallel'),
  ...picture,
  axes: z.array(z.strictObject({ name: text, ticks: z.array(z.strictObject({ place, text })) })).min(2),
  lines: z.array(z.strictObject({ places: z.array(place), isHighlighted: z.boolean().default(false) })),
});

const matrixBlock = z.strictObject({
  kind: z.literal('matrix'),
  ...picture,
  unit: text,
  groups: z
    .array(z.strictObject({ name: text, size: z.int().min(1) }))
    .describe('runs of rows, and of columns, in order'),
  values: z.array(number).describe('[n, n], n the sum of the sizes'),
});

const gridBlock = z.strictObject({
  kind: z.literal('grid'),
  caption: text,
  rowTitle: text,
  columnTitle: text,
  names: z.array(text).describe('of the rows and of the columns'),
  values: z.array(number.nullable()).describe('[n, n]; null: nothing to say'),
  digits: z.int().min(0),
  shade: z.enum(['large', 'small']).describe('which values are shaded'),
});

const imagesBlock = z.strictObject({
  kind: z.literal('images'),
  caption: text,
  columns: z.int().min(1),
  items: z.array(z.strictObject({ png: z.base64(), alt: text, label: text.optional() })),
});

const panelsBlock = z.strictObject({
  kind: z.literal('panels'),
  ...picture,
  items: z.array(scatterBlock).describe('the same picture of several things, small and side by side'),
});

const codeBlock = z.strictObject({
  kind: z.literal('code'),
  summary: text,
  text: text.describe('folded until opened'),
});

export const blockSchema = z.discriminatedUnion('kind', [
  textBlock,
  factsBlock,
  tableBlock,
  scatterBlock,
  linesBlock,
  histogramBlock,
  barsBlock,
  intervalsBlock,
  parallelBlock,
  matrixBlock,
  gridBlock,
  imagesBlock,
  panelsBlock,
  codeBlock,
]);
/** One part of a section: a text, a table, a chart or images. */
export type ReportBlock = z.output<typeof blockSchema>;
export type BlockOf<Kind extends ReportBlock['kind']> = Extract<ReportBlock, { kind: Kind }>;

export const sectionSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  title: text,
  finding: text.optional().describe('what the section shows, in one line'),
  blocks: z.array(blockSchema),
});
/** A titled part of a report. */
export type ReportSection = z.output<typeof sectionSchema>;

export const reportSchema = z.strictObject({
  format: z.literal(REPORT_FORMAT),
  generator: text.describe('package and version'),
  title: text,
  question: text.describe('what was asked'),
  answer: z.strictObject({
    tone,
    headline: text.describe('the verdict in a word or two'),
    sentences: z.array(text).describe('the numbers that decided it'),
  }),
  picture: blockSchema.describe('what proves the answer'),
  sections: z.array(sectionSchema),
});
/** The data of a report: a title and its sections. */
export type Report = z.output<typeof reportSchema>;

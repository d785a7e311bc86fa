// A report with every kind of block, and with names that would be markup if they were not escaped.
import { encode } from 'fast-png';
import { type Report, type ReportBlock, reportSchema } from '../../src/report/report.ts';

/** A name of a user that tries to leave every context that it is put into. */
export const hostileName = `"'><script>alert(1)</script><img src=x onerror=alert(2)></style>&amp;`;

const classes = ['0', '1', hostileName];

const scatter: ReportBlock = {
  kind: 'scatter',
  title: `Latents of ${hostileName}`,
  description: `Three classes: ${hostileName}`,
  x: hostileName,
  y: 'component 2',
  classes,
  points: Array.from({ length: 90 }, (_, i) => [(i % 3) * 4 + Math.sin(i), Math.cos(i * 7), i % 3]),
};

const png = Buffer.from(encode({ width: 2, height: 2, channels: 3, data: new Uint8Array(12).fill(128) })).toString(
  'base64',
);

export const fixtureReport: Report = reportSchema.parse({
  format: 1,
  generator: 'jepa-onnx 0.0.0',
  title: hostileName,
  question: `Do the latents of ${hostileName} keep 3 classes apart?`,
  answer: { tone: 'good', headline: 'Distinct', sentences: [`Every class stands apart from ${hostileName}.`] },
  picture: scatter,
  sections: [
    {
      id: 'pictures',
      title: `Pictures of ${hostileName}`,
      finding: hostileName,
      blocks: [
        { ...scatter, points: scatter.points.map(([, , label]) => [0, 0, label]), extent: 10 },
        {
          kind: 'lines',
          title: 'Losses',
          description: hostileName,
          x: { label: 'step' },
          y: { label: 'loss', scale: 'log' },
          series: [
            {
              name: hostileName,
              points: [
                [0, 1],
                [10, 0.1],
                [20, 0],
              ],
            },
            {
              name: 'auxiliary',
              points: [
                [0, 2],
                [10, 0.02],
                [20, 0.001],
              ],
            },
          ],
        },
        {
          kind: 'histogram',
          title: 'Distances',
          description: 'Within and between',
          x: 'distance',
          width: 0.5,
          series: [
            { name: 'same class', counts: [10, 5, 0] },
            { name: hostileName, counts: [0, 5, 20] },
          ],
        },
        {
          kind: 'bars',
          title: 'Singular values',
          description: 'Falling',
          x: 'direction',
          y: { label: 'value', scale: 'log' },
          values: [3, 1, 0],
        },
        {
          kind: 'bars',
          title: 'Deviations',
          description: 'Of each dimension',
          x: 'dimension',
          y: { label: 'value' },
          values: [3, 1, 0],
        },
        {
          kind: 'matrix',
          title: 'Distances, sorted',
          description: 'Two groups',
          unit: 'distance',
          groups: [
            { name: 'a', size: 2 },
            { name: hostileName, size: 1 },
          ],
          values: [0, 1, 4, 1, 0, 2, 4, 2, 0],
        },
      ],
    },
    {
      id: 'tables',
      title: 'Tables',
      blocks: [
        { kind: 'text', paragraphs: [hostileName] },
        {
          kind: 'facts',
          items: [
            { term: hostileName, value: hostileName, note: hostileName },
            { term: 'seed', value: '0' },
          ],
        },
        {
          kind: 'table',
          caption: hostileName,
          columns: [{ name: hostileName }, { name: 'accuracy', align: 'right' }],
          rows: [
            [hostileName, '0.99'],
            ['wasm', { text: hostileName, tone: 'bad' }],
          ],
        },
        {
          kind: 'grid',
          caption: `Confusion of ${hostileName}`,
          rowTitle: hostileName,
          columnTitle: 'nearest',
          names: ['0', hostileName],
          values: [10, 0, null, 9],
          digits: 0,
          shade: 'large',
        },
        {
          kind: 'images',
          caption: hostileName,
          columns: 2,
          items: [
            { png, alt: hostileName, label: hostileName },
            { png, alt: 'grey' },
          ],
        },
        { kind: 'code', summary: hostileName, text: hostileName },
      ],
    },
  ],
});

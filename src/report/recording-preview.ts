// A page that shows a recording: frames of its episodes side by side, and its rewards.

import { numberAt } from '../data/element.ts';
import { isImageColumn } from '../data/image/recording.ts';
import type { Inspection } from '../data/inspection.ts';
import { type Column, type Recording, rowCountOf, rowSizeOf } from '../data/recording.ts';
import { left, right } from './column.ts';
import { formatCount, formatNumber } from './number.ts';
import { observationPng } from './picture.ts';
import { REPORT_FORMAT, type Report, type ReportBlock } from './report.ts';

const SHOWN_EPISODES = 6;
const SHOWN_FRAMES = 8;
/** Numbers of a vector that are drawn. */
const SHOWN_NUMBERS = 6;
/** Points of a curve; longer episodes are thinned out. */
const SHOWN_POINTS = 400;

/** The page's data. `observations` are the columns that are shown: images as frames, the others as curves. */
export async function previewRecording(
  recording: Recording,
  inspection: Inspection,
  generator: string,
): Promise<Report> {
  const columns = inspection.columns
    .filter(({ role }) => role === 'observation')
    .flatMap(({ name }) => recording.columns.get(name) ?? []);
  const episodes = spreadOver(recording.episodeCount, SHOWN_EPISODES);
  const blocks: ReportBlock[] = [];
  for (const column of columns)
    blocks.push(
      isImageColumn(column)
        ? await contactSheet(recording, column, episodes)
        : await curves(recording, column, episodes.slice(0, 1)),
    );
  const reward = inspection.columns.find(({ role }) => role === 'reward')?.name;
  const rewardColumn = recording.columns.get(reward ?? '');
  if (rewardColumn !== undefined) blocks.push(await rewardCurves(recording, rewardColumn, episodes));
  const [picture = facts(inspection), ...others] = blocks;
  return {
    format: REPORT_FORMAT,
    generator,
    title: inspection.path,
    question: 'What was recorded?',
    answer: {
      tone: 'plain',
      headline: `${formatCount(inspection.steps)} steps`,
      sentences: [
        `${inspection.recordingFormat}: ${formatCount(inspection.episodes)} episodes of ${stepRange(inspection.episodeSteps)} steps.`,
      ],
    },
    picture,
    sections: [
      ...(others.length > 0 ? [{ id: 'rows', title: 'Observations and rewards', blocks: others }] : []),
      { id: 'columns', title: 'Columns', blocks: [columnTable(inspection)] },
      ...(inspection.findings.length > 0
        ? [
            {
              id: 'findings',
              title: 'What is odd',
              blocks: [{ kind: 'text' as const, paragraphs: [...inspection.findings] }],
            },
          ]
        : []),
    ],
  };
}

function stepRange({ least, most }: Inspection['episodeSteps']): string {
  return least === most ? formatCount(least) : `${formatCount(least)} to ${formatCount(most)}`;
}

/** Frames of each episode from its first to its last. */
async function contactSheet(recording: Recording, column: Column, episodes: readonly number[]): Promise<ReportBlock> {
  const [height, width, channels] = column.shape;
  const items: { png: string; alt: string; label: string }[] = [];
  for (const episode of episodes)
    for (const row of spreadOver(rowCountOf(column, episode), SHOWN_FRAMES)) {
      const start = column.starts[episode] + row;
      const values = await recording.read(column.name, start, start + 1);
      const pixels = Uint8Array.from({ length: values.length }, (_, i) => numberAt(values, i));
      const name = `episode ${episode}, row ${row}`;
      items.push({ png: observationPng(pixels, [height, width, channels]), alt: name, label: `${episode}/${row}` });
    }
  return {
    kind: 'images',
    caption: `${column.name}, ${width} x ${height} (episode/row)`,
    columns: SHOWN_FRAMES,
    items,
  };
}

/** The first few numbers of a vector over an episode. */
async function curves(recording: Recording, column: Column, episodes: readonly number[]): Promise<ReportBlock> {
  const [episode = 0] = episodes;
  const size = rowSizeOf(column);
  const rows = rowCountOf(column, episode);
  const values = await recording.read(column.name, column.starts[episode], column.starts[episode] + rows);
  const series = Array.from({ length: Math.min(size, SHOWN_NUMBERS) }, (_, place) => ({
    name: size === 1 ? column.name : `${column.name}[${place}]`,
    points: spreadOver(rows, SHOWN_POINTS).map((row): [number, number] => [row, numberAt(values, row * size + place)]),
  }));
  return {
    kind: 'lines',
    title: column.name,
    description: `${series.length} of ${size} numbers over the ${rows} rows of episode ${episode}.`,
    x: { label: 'row', scale: 'linear' },
    y: { label: column.name, scale: 'linear' },
    series: onlyFinite(series),
  };
}

/** Summed up, so that the rewards of several episodes do not hide each other: rewards of 0 and 1 would be one band. */
async function rewardCurves(recording: Recording, column: Column, episodes: readonly number[]): Promise<ReportBlock> {
  const series: { name: string; points: [number, number][] }[] = [];
  for (const episode of episodes) {
    const rows = rowCountOf(column, episode);
    const values = await recording.read(column.name, column.starts[episode], column.starts[episode] + rows);
    const shown = spreadOver(rows, SHOWN_POINTS);
    let sum = 0;
    const returns = Array.from({ length: rows }, (_, row) => {
      sum += numberAt(values, row);
      return sum;
    });
    series.push({ name: `episode ${episode}`, points: shown.map((row) => [row, returns[row]]) });
  }
  return {
    kind: 'lines',
    title: 'Rewards, summed up',
    description: `${column.name} of ${episodes.length} episodes, from their first step on: the height is the reward so far.`,
    x: { label: 'step', scale: 'linear' },
    y: { label: 'reward so far', scale: 'linear' },
    series: onlyFinite(series),
  };
}

function onlyFinite(
  series: { name: string; points: [number, number][] }[],
): { name: string; points: [number, number][] }[] {
  return series.map(({ name, points }) => ({ name, points: points.filter(([, value]) => Number.isFinite(value)) }));
}

function columnTable({ columns }: Inspection): ReportBlock {
  return {
    kind: 'table',
    caption: 'Every column of numbers or images.',
    columns: [
      left('column'),
      left('part'),
      left('type'),
      left('shape'),
      ...['rows', 'least', 'mean', 'most'].map(right),
    ],
    rows: columns.map(({ name, role, type, shape, rows, minimum, mean, maximum }) => [
      name,
      role ?? '',
      type,
      shape.join(' x ') || 'number',
      formatCount(rows),
      ...[minimum, mean, maximum].map((value) => formatNumber(value)),
    ]),
  };
}

function facts({ episodes, steps }: Inspection): ReportBlock {
  return {
    kind: 'facts',
    items: [
      { term: 'episodes', value: formatCount(episodes) },
      { term: 'steps', value: formatCount(steps) },
    ],
  };
}

/** Up to `limit` of 0..count-1, the first and the last among them. */
function spreadOver(count: number, limit: number): number[] {
  if (count <= limit) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: limit }, (_, i) => Math.round((i * (count - 1)) / (limit - 1)));
}

// The report of one training in several places: do they train the same, how does the difference grow, and what starts it?
import {
  BEYOND_ROUNDING,
  type TrainingComparison,
  type TrainingDifference,
  type TrainingVerification,
} from '../verification/training.ts';
import { left, right } from './column.ts';
import { formatCount, formatNumber } from './number.ts';
import { type BlockOf, REPORT_FORMAT, type Report, type ReportSection } from './report.ts';
import { openNumber } from './section/bisection.ts';

/** Of a loss: float32 sums in another order, which the steps before have amplified. */
const SAME_LOSS = 1e-3;

export function trainingVerificationReport(record: TrainingVerification, generator: string): Report {
  const { reference, places, rows } = record;
  const others = Object.keys(places).filter((name) => name !== reference);
  const worst = Math.max(0, ...rows.flatMap((row) => others.map((name) => row.places[name].lossError)));
  const isSame = worst <= SAME_LOSS;
  return {
    format: REPORT_FORMAT,
    generator,
    title: `${record.run} trained in ${formatCount(others.length + 1)} places`,
    question: 'Does every place train the same?',
    answer: {
      tone: isSame ? 'good' : 'fair',
      headline: isSame ? 'The same training' : 'Trainings that drift apart',
      sentences: [
        `Over ${formatCount(rows.length)} steps on the same batches no loss is further from that on ${reference} than ${formatNumber(worst)} of it.`,
        ...others.map((name) => originSentence(name, record)),
      ],
    },
    picture: growth(record, others),
    sections: [stepSection(record, others), originSection(record), ranSection(record)],
  };
}

function originSentence(place: string, { origins, reference }: TrainingVerification): string {
  const { compared, first, largest } = origins[place];
  if (first === null)
    return `${place}: in the first step none of ${formatCount(compared)} tensors is further from ${reference} than rounding; the largest difference is that of ${largest.node}, ${openNumber(largest.error)}.`;
  return `${place}: in the first step ${first.node} (${first.operation}) is the first beyond rounding, ${openNumber(first.error)} of its scale from ${openNumber(first.inputError)} in what it is computed from.`;
}

/** Differences over the steps, on a logarithmic scale: what is 0 has no place on it. */
function growth({ reference, rows }: TrainingVerification, others: readonly string[]): BlockOf<'lines'> {
  const seriesOf = (place: string, what: string, of: (comparison: TrainingComparison) => number) => ({
    name: `${place}, ${what}`,
    points: rows.flatMap((row): [number, number][] => {
      const value = of(row.places[place]);
      return value > 0 && Number.isFinite(value) ? [[row.step, value]] : [];
    }),
  });
  return {
    kind: 'lines',
    title: 'Growth of the difference',
    description: `After each step: how far the loss is from that on ${reference}, as a part of it, and the largest difference of a weight over the largest change of one since the start.`,
    x: { label: 'step', scale: 'linear' },
    y: { label: 'difference', scale: 'log' },
    series: others
      .flatMap((place) => [
        seriesOf(place, 'loss', ({ lossError }) => lossError),
        seriesOf(place, 'weights', ({ weightError }) => weightError),
      ])
      .filter(({ points }) => points.length > 0),
  };
}

function stepSection({ reference, rows }: TrainingVerification, others: readonly string[]): ReportSection {
  return {
    id: 'steps',
    title: 'Step by step',
    finding: 'Every place trains on the same batches from the same weights; each goes on from its own.',
    blocks: [
      {
        kind: 'table',
        caption: 'Loss of each step, and how far loss and weights are from the reference',
        columns: [
          left('step'),
          right(`loss on ${reference}`),
          ...others.flatMap((name) => [right(`loss on ${name}`), right('off by'), right('weights')]),
        ],
        rows: rows.map(({ step, places }) => [
          String(step),
          places[reference].loss.toPrecision(7),
          ...others.flatMap((name) => [
            places[name].loss.toPrecision(7),
            formatNumber(places[name].lossError),
            formatNumber(places[name].weightError),
          ]),
        ]),
      },
    ],
  };
}

function originSection({ origins, reference }: TrainingVerification): ReportSection {
  const row = (place: string, what: string, { node, operation, error, inputError }: TrainingDifference) => [
    place,
    what,
    node,
    operation,
    openNumber(error),
    openNumber(inputError),
  ];
  return {
    id: 'origin',
    title: 'What starts it',
    finding:
      'A gradient that is zero but for rounding differs in all its digits, and Adam makes its first update as large as any other.',
    blocks: [
      {
        kind: 'table',
        caption: `Tensors of the first step against ${reference}, in the order of computation; beyond rounding is above ${formatNumber(BEYOND_ROUNDING)} of a tensor's largest number`,
        columns: [
          left('place'),
          left('which'),
          left('node'),
          left('operation'),
          right('difference'),
          right('of its inputs'),
        ],
        rows: Object.entries(origins).flatMap(([place, { first, largest }]) => [
          ...(first === null ? [] : [row(place, 'first beyond rounding', first)]),
          row(place, 'largest', largest),
        ]),
      },
    ],
  };
}

function ranSection({ places }: TrainingVerification): ReportSection {
  return {
    id: 'ran',
    title: 'What ran',
    finding: 'Read back from the runtimes.',
    blocks: [{ kind: 'facts', items: Object.entries(places).map(([term, value]) => ({ term, value })) }],
  };
}

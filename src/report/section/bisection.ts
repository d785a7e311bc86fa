// What `--bisect` found: where along the graph an error comes from.
import type { Bisection } from '../../verification/schema.ts';
import { left, right } from '../column.ts';
import { formatCount, formatNumber } from '../number.ts';
import type { ReportBlock, ReportSection } from '../report.ts';

/** JSON has no infinity: null stands for it. */
export function openNumber(value: number | null): string {
  return value === null ? 'infinite' : formatNumber(value);
}

/** Which nodes introduce an error, and which only pass it on: of files that are compared, and of a run's runtimes. */
export function bisectionSection(bisection: Bisection): ReportSection {
  const { between, tolerance, observations, compared, introducing, introducingCount, passingOn, values, first, worst } =
    bisection;
  const [main] = introducing;
  const finding =
    first === null && main === undefined
      ? `None of ${formatCount(compared)} values differs by more than ${formatNumber(tolerance)} of its scale.`
      : main === undefined
        ? `No node alone differs; together they do, first in ${first?.node}: errors that add up, or what the runtime fuses.`
        : `${main.node} (${main.operator}) introduces the largest error: ${openNumber(main.introduced)} of the scale${introducingCount === 1 ? ', and no other does' : `, of ${formatCount(introducingCount)} nodes that introduce one`}; ${formatCount(passingOn)} only pass one on.`;
  const floor = Math.max(1e-12, tolerance * 1e-4);
  const points = (of: 'introduced' | 'total') =>
    values.map((value, i): [number, number] => [i, Math.max(floor, Math.min(1e3, value[of] ?? 1e3))]);
  const picture: ReportBlock = {
    kind: 'lines',
    title: 'Errors along the graph',
    description: `For every value in the order of the graph, its error in the whole, and the error of its node alone, fed with the inputs that ${between[0]} has. What is infinite is drawn at 1,000, what is smaller than ${formatNumber(floor)} there.`,
    x: { label: 'value, in the order of the graph', scale: 'linear' },
    y: { label: 'error as a part of the scale', scale: 'log' },
    series: [
      { name: 'in the whole', points: points('total') },
      { name: 'introduced by the node', points: points('introduced') },
    ],
  };
  const table: ReportBlock = {
    kind: 'table',
    caption: 'Nodes that introduce an error, the largest first',
    columns: [
      left('node'),
      left('operator'),
      left('value'),
      right('introduced'),
      right('in the whole'),
      left('remark'),
    ],
    rows: introducing.map((value) => [
      value.node,
      value.operator,
      value.value,
      openNumber(value.introduced),
      openNumber(value.total),
      value.reason ?? '',
    ]),
  };
  const facts: ReportBlock = {
    kind: 'facts',
    items: [first, worst].flatMap((each, index) =>
      each === null
        ? []
        : [
            {
              term: index === 0 ? 'first that differs in the whole' : 'largest part of the scale in the whole',
              value: each.node,
              note: `${each.operator}, ${each.value}: ${openNumber(each.error)} of a scale of ${formatNumber(each.scale)}`,
            },
          ],
    ),
  };
  const unmatched = bisection.unmatchedCount;
  return {
    id: 'nodes',
    title: `The nodes of ${between.join(' and ')}`,
    finding,
    blocks: [
      ...(values.length > 1 ? [picture] : []),
      ...(introducing.length > 0 ? [table] : []),
      ...(first === null && worst === null ? [] : [facts]),
      {
        kind: 'text',
        paragraphs: [
          `Compared on ${observations === 0 ? 'tensors fed whole' : `${observations} observations`}. A runtime that fuses nodes fuses fewer of them where every value is given out.`,
          ...(unmatched === 0
            ? []
            : [
                `Without a counterpart, and so part of the next node that has one, or of none: ${bisection.unmatched.slice(0, 12).join(', ')}${unmatched > 12 ? `, and ${unmatched - 12} more` : ''}.`,
              ]),
        ],
      },
    ],
  };
}

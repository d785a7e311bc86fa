// The record of a comparison of files as text: a line an output, then the classes, what is wrong, and which nodes did it.
import type { ComparedRun, ComparisonRecord, RanFile } from '../../src/verification/file/schema.ts';
import type { Bisection } from '../../src/verification/schema.ts';
import { shortNumber } from './number.ts';
import { withDashes } from './option.ts';
import { alignedTable } from './table.ts';

export function renderComparison(record: ComparisonRecord): string {
  const { inputs, reference, runs } = record;
  const ran = runs.filter((run): run is RanFile => run.status === 'ran');
  const rows = inputs.rows === null ? 'tensors fed whole' : `${inputs.rows} rows`;
  const lines = [
    `reference: ${reference.file} on ${reference.runtime}`,
    `inputs: ${rows}, ${inputs.from}${inputs.from === 'random' ? ` (seed ${inputs.seed})` : `: ${inputs.of}`}`,
    ...inputs.tensors.map(({ name, type, shape, values }) => `  ${name}: ${type}[${shape.join(', ')}], ${values}`),
    ...inputs.fixedAxes.map(
      ({ input, axis, name, size }) =>
        `  axis ${axis} of ${input}${name === '' ? '' : ` (${name})`} is left open by the file: ${size} here`,
    ),
    '',
    ...alignedTable(outputCells(ran, record.failOn.includes('tolerance'))),
    ...(record.classes === undefined ? [] : ['', ...classLines(record, ran)]),
    ...faultLines(runs),
    ...(record.bisection === undefined ? [] : ['', ...bisectionLines(record.bisection)]),
    ...(record.reduced === undefined
      ? []
      : [`smallest piece that fails: ${record.reduced.operators.join(', ')}, in ${record.reduced.folder}/model.onnx`]),
    '',
    record.holds ? `holds (${record.failOn.join(', ')})` : `does NOT hold (${record.failOn.join(', ')})`,
  ];
  return `${lines.join('\n')}\n`;
}

/** @param isDeciding whether `ran` fails where an output is out of tolerance: then a NO is loud */
function outputCells(ran: readonly RanFile[], isDeciding: boolean): string[][] {
  const head = [
    'file',
    'runtime',
    'output',
    'in tolerance',
    'largest error',
    'of scale',
    'relative',
    'cosine',
    'mean',
    'SQNR dB',
  ];
  const cells = ran
    .filter((run) => !run.isReference)
    .flatMap((run) =>
      run.outputs.map((output) => [
        run.file,
        run.runtime,
        output.matchedBy === 'name' ? output.name : `${output.name} (for ${output.referenceName})`,
        output.holds ? 'yes' : isDeciding ? 'NO' : 'no',
        shortNumber(output.maxAbsolute),
        shortNumber(output.partOfScale),
        shortNumber(output.maxRelative),
        output.cosine.smallest.toFixed(6),
        output.cosine.mean.toFixed(6),
        output.sqnrDb === null ? 'exact' : output.sqnrDb.toFixed(1),
        output.psnrDb === null ? 'exact' : output.psnrDb.toFixed(1),
      ]),
    );
  return [[...head, 'PSNR dB'], ...cells];
}

function classLines(record: ComparisonRecord, ran: readonly RanFile[]): string[] {
  const head = [
    'file',
    'runtime',
    'verdict',
    'certified',
    'accuracy',
    'certified accuracy',
    'latent error',
    'gap',
    'moved',
  ];
  const cells = ran.flatMap(({ file, runtime, isReference, classes }) =>
    classes === undefined
      ? []
      : [
          [
            file,
            runtime,
            classes.verdict,
            isReference ? 'the reference' : classes.verdictHolds ? 'yes' : 'NO',
            classes.accuracy.toFixed(4),
            classes.certifiedAccuracy.toFixed(4),
            shortNumber(classes.maxLatentError),
            shortNumber(classes.decidingGap),
            String(classes.elsewhere),
          ],
        ],
  );
  const risks = ran.flatMap(({ file, runtime, classes }) => {
    const pairs = classes?.pairsAtRisk.slice(0, 3).map((pair) => `${pair.classes.join(' as ')} (${pair.observations})`);
    return pairs === undefined || pairs.length === 0 ? [] : [`${file} on ${runtime}: at risk: ${pairs.join(', ')}`];
  });
  const moved = ran.flatMap(({ file, runtime, classes }) =>
    (classes?.moved ?? [])
      .slice(0, 5)
      .map(
        ({ observation, own, from, to }) =>
          `${file} on ${runtime}: observation ${observation} (${own}) was nearest to ${from}, now to ${to}`,
      ),
  );
  const { of, names, observations } = record.classes ?? { of: '', names: [], observations: 0 };
  return [
    `${observations} observations of ${names.length} classes (by ${of})`,
    ...alignedTable([head, ...cells]),
    ...risks,
    ...moved,
  ];
}

function faultLines(runs: readonly ComparedRun[]): string[] {
  const lines = runs.flatMap((run) =>
    run.status === 'ran'
      ? [
          ...run.faults.map((fault) => `${run.file} on ${run.runtime}: ${fault}`),
          ...(run.unmatched.length > 0
            ? [`${run.file} on ${run.runtime}: only here: ${run.unmatched.join(', ')}, which is not compared`]
            : []),
        ]
      : [
          `${run.file} on ${run.runtime}: ${run.status}: ${withDashes(run.reason)}.${run.remedy === null ? '' : ` ${withDashes(run.remedy)}`}`,
        ],
  );
  return lines.length === 0 ? [] : ['', ...lines];
}

/** Also of a run's verification. */
export function bisectionLines(bisection: Bisection): string[] {
  const { between, tolerance, compared, first, worst, introducing, introducingCount, passingOn, unmatchedCount } =
    bisection;
  const named = (each: NonNullable<typeof worst>) =>
    `${each.node} (${each.operator}): ${each.value} is off by ${shortNumber(each.error)} of a scale of ${shortNumber(each.scale)}`;
  const head = `${between.join(' and ')}, ${compared} values of nodes compared`;
  return [
    first === null
      ? `${head}: none differs by more than ${shortNumber(tolerance)} of its scale`
      : `${head}: the first that differs by more than ${shortNumber(tolerance)} of its scale is ${named(first)}`,
    ...(worst === null ? [] : [`the largest part of the scale: ${named(worst)}`]),
    ...(introducingCount === 0
      ? first === null
        ? []
        : ["no node differs alone, fed with the reference's inputs: the errors add up, or come with what is fused"]
      : [
          `${introducingCount} ${introducingCount === 1 ? 'node introduces' : 'nodes introduce'} an error, ${passingOn} only pass one on; the largest:`,
          ...introducing
            .slice(0, 5)
            .map(
              ({ node, operator, introduced, total, reason }) =>
                `  ${node} (${operator}): ${shortNumber(introduced)} of the scale alone, ${shortNumber(total)} in the whole${reason === undefined ? '' : ` (${reason})`}`,
            ),
        ]),
    ...(unmatchedCount === 0 ? [] : [`${unmatchedCount} nodes have no counterpart in the reference`]),
  ];
}

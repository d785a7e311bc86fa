// The comparison of a training's places as text: the loss of each, how far it and the weights are from the reference, and what starts it.
import type { TrainingDifference, TrainingVerification } from '../../src/verification/training.ts';
import { alignedTable } from './table.ts';

/** Steps that are shown: 1, 2, 5, 10, ... and the last. */
function isShown(step: number, last: number): boolean {
  const magnitude = 10 ** Math.floor(Math.log10(step));
  return step === last || [1, 2, 5].includes(step / magnitude);
}

export function renderTrainingVerification({ reference, places, rows, origins }: TrainingVerification): string {
  const names = Object.keys(places);
  const others = names.filter((name) => name !== reference);
  const last = rows.at(-1)?.step ?? 0;
  const table = [
    ['step', `loss on ${reference}`, ...others.flatMap((name) => [`loss on ${name}`, 'off by', 'weights'])],
    ...rows
      .filter(({ step }) => isShown(step, last))
      .map(({ step, places: found }) => [
        String(step),
        found[reference].loss.toPrecision(7),
        ...others.flatMap((name) => {
          const { loss, lossError, weightError } = found[name];
          return [loss.toPrecision(7), lossError.toExponential(1), weightError.toExponential(1)];
        }),
      ]),
  ];
  const lines = alignedTable(table, 0);
  const versions = names.map((name) => `${name}: ${places[name]}`);
  return `${versions.join('\n')}\n${lines.join('\n')}\noff by: of the reference's loss; weights: largest difference over the largest change since the start
${Object.entries(origins)
  .map(([name, { compared, first, largest }]) =>
    first === null
      ? `${name}: none of ${compared} tensors of the first step is beyond rounding; the largest difference is that of ${described(largest)}`
      : `${name}: in the first step ${described(first)} is the first beyond rounding; the largest is that of ${described(largest)}`,
  )
  .join('\n')}
`;
}

function described({ node, operation, error, inputError }: TrainingDifference): string {
  const [own, before] = [error, inputError].map((each) => each?.toExponential(1) ?? 'infinite');
  return `${node} (${operation}), ${own} from ${before} in its inputs`;
}

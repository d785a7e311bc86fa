// The auxiliary term on held-out observations: each auxiliary function's own loss of the head's outputs.
import { type Auxiliary, type AuxiliaryLoss, auxiliarySizeOf, sliceAuxiliaries } from '../auxiliary/index.ts';
import { FormatError } from '../error.ts';
import { binaryCrossEntropy, meanSquaredError, softmaxCrossEntropy } from '../measures/residual.ts';

export interface AuxiliaryResidual {
  readonly name: string;
  readonly loss: AuxiliaryLoss;
  readonly residual: number;
}

/** p of the observations, [N, M]; undefined for an auxiliary that was recorded and cannot be computed. */
export type AuxiliaryTargets = (auxiliary: Auxiliary) => Float32Array | undefined;

/** @param outputs of the head, [N, sum of all M] */
export function auxiliaryResiduals(
  auxiliaries: readonly Auxiliary[],
  outputs: Float32Array,
  count: number,
  targetsOf: AuxiliaryTargets,
): AuxiliaryResidual[] {
  const width = auxiliarySizeOf(auxiliaries);
  if (outputs.length !== count * width)
    throw new FormatError(`auxiliary head: expected ${width} outputs, got ${outputs.length / count}`);
  return sliceAuxiliaries(auxiliaries).flatMap(({ auxiliary, start }) => {
    const targets = targetsOf(auxiliary);
    if (targets === undefined) return [];
    const own = new Float32Array(count * auxiliary.size);
    for (let n = 0; n < count; n++)
      for (let m = 0; m < auxiliary.size; m++) own[n * auxiliary.size + m] = outputs[n * width + start + m];
    const { name, loss } = auxiliary;
    const residual = {
      'cross-entropy': () => binaryCrossEntropy(own, targets),
      'two-hot': () => softmaxCrossEntropy(own, targets, auxiliary.size),
      squared: () => meanSquaredError(own, targets),
    }[loss]();
    return [{ name, loss, residual }];
  });
}

/** [N, M] from a table by state. */
export function tableTargets(table: Float32Array, size: number, states: Int32Array): Float32Array {
  const targets = new Float32Array(states.length * size);
  states.forEach((state, n) => {
    targets.set(table.subarray(state * size, (state + 1) * size), n * size);
  });
  return targets;
}

/** [N, M] of each column auxiliary out of what was recorded for all of them, side by side in their order. */
export function recordedTargets(
  auxiliaries: readonly Auxiliary[],
  recorded: Float32Array | undefined,
): ReadonlyMap<Auxiliary, Float32Array> {
  const columns = auxiliaries.filter(({ of }) => of === 'column');
  const targets = new Map<Auxiliary, Float32Array>();
  const width = auxiliarySizeOf(columns);
  if (recorded === undefined || width === 0) return targets;
  for (const { auxiliary, start } of sliceAuxiliaries(columns)) {
    const { size } = auxiliary;
    const values = new Float32Array((recorded.length / width) * size);
    for (let n = 0; n < recorded.length / width; n++)
      values.set(recorded.subarray(n * width + start, n * width + start + size), n * size);
    targets.set(auxiliary, values);
  }
  return targets;
}

// What one run of a file is against the reference's: the errors of its outputs, its classes, and the rules that it breaks.
import { compareWithReference, type MeasuredEncoder } from '../../src/evaluation/runtime-measurement.ts';
import { centroidsOf } from '../../src/measures/centroid.ts';
import { significant } from '../../src/number-text.ts';
import type { FailRule } from '../../src/verification/file/fail-rule.ts';
import { brokenTolerances, matchOutputs } from '../../src/verification/file/rules.ts';
import type { ClassComparison, OutputRecord, RanFile, Tolerance } from '../../src/verification/file/schema.ts';
import { type TensorError, tensorError } from '../../src/verification/file/tensor-error.ts';
import { predictedClasses } from '../../src/verification/prediction.ts';
import type { ComparedFile } from './compared-file.ts';
import type { FileResult } from './compared-run.ts';
import type { ComparedInputs } from './input-option.ts';

/** Observations that are listed one by one. */
const LISTED = 20;

/** What counts as a difference, and on which inputs. */
export interface Judging {
  readonly rules: readonly FailRule[];
  readonly tolerance: Tolerance;
  readonly inputs: ComparedInputs;
}

interface Ran {
  readonly result: FileResult;
  readonly reference: FileResult;
  readonly isReference: boolean;
}

/** A row of the record. */
export function ranRow(file: ComparedFile, runtime: string, ran: Ran, { rules, tolerance, inputs }: Judging): RanFile {
  const { result, reference, isReference } = ran;
  const { version, provider, threads, precision } = result.description;
  const matched = matchOutputs([...reference.outputs.keys()], [...result.outputs.keys()]);
  const faults = matched.missing.map((name) => `it has no output for "${name}"`);
  const outputs = matched.pairs.flatMap((pair): OutputRecord[] => {
    const expected = reference.outputs.get(pair.referenceName);
    const got = result.outputs.get(pair.name);
    if (expected === undefined || got === undefined) return [];
    const [there, here] = [expected.tensor.shape, got.tensor.shape];
    if (there.join() !== here.join()) {
      faults.push(`"${pair.name}": expected shape [${there.join(', ')}], got [${here.join(', ')}]`);
      return [];
    }
    const error = tensorError(expected.tensor, got.tensor, expected.isBatched);
    const broken = brokenTolerances(error, tolerance);
    if (rules.includes('tolerance')) faults.push(...broken.map((fault) => `"${pair.name}": ${fault}`));
    return [{ ...pair, type: got.tensor.type, shape: [...here], holds: broken.length === 0, ...writable(error) }];
  });
  const classes = classComparison(ran, inputs);
  if (classes !== undefined) faults.push(...classFaults(classes, reference, rules));
  return {
    file: file.name,
    runtime,
    status: 'ran',
    isReference,
    holds: faults.length === 0,
    faults,
    version,
    provider,
    threads,
    precision: file.precision === 'float32' ? precision : file.precision,
    milliseconds: result.milliseconds,
    outputs,
    unmatched: matched.unmatched,
    ...(classes === undefined ? {} : { classes }),
  };
}

/** As JSON holds it. */
function writable(error: TensorError) {
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  return {
    ...error,
    cosine: { ...error.cosine },
    nonFinite: { ...error.nonFinite },
    decades: [...error.decades],
    worst: error.worst && {
      index: [...error.worst.index],
      expected: finite(error.worst.expected),
      got: finite(error.worst.got),
    },
  };
}

function classComparison({ result, reference }: Ran, { judged }: ComparedInputs): ClassComparison | undefined {
  if (judged === undefined || result.measured === undefined || reference.measured === undefined) return undefined;
  // Other numbers of dimensions are no errors of each other: the shape is the fault.
  if (result.measured.latents.size !== reference.measured.latents.size) return undefined;
  const { names } = judged.classes;
  const measured = new Map([
    ['reference', reference.measured],
    ['here', result.measured],
  ]);
  const [{ error, certificate, distinctness }] = compareWithReference(measured, {
    reference: 'reference',
    runtimes: ['here'],
  }).runtimes;
  const [before, after] = [nearestOf(reference.measured), nearestOf(result.measured)];
  const { labels } = result.measured.latents;
  const moved = [...before.keys()].filter((i) => before[i] !== after[i]);
  return {
    verdict: distinctness.decision.verdict,
    accuracy: distinctness.centroids.accuracy,
    maxLatentError: error.maxDistance,
    decidingGap: certificate.decidingGap,
    verdictHolds: certificate.verdictHolds,
    certifiedAccuracy: certificate.certifiedAccuracy,
    pairsAtRisk: certificate.pairsAtRisk.map(({ classes: [a, b], observations }) => ({
      classes: [names[a], names[b]],
      observations,
    })),
    elsewhere: moved.length,
    moved: moved
      .slice(0, LISTED)
      .map((i) => ({ observation: i, own: names[labels[i]], from: names[before[i]], to: names[after[i]] })),
  };
}

function nearestOf({ latents, centroidLatents }: MeasuredEncoder): Int32Array {
  return predictedClasses(latents.values, centroidsOf(centroidLatents), latents.size).nearest;
}

function classFaults(
  { verdict, verdictHolds, maxLatentError, decidingGap, elsewhere }: ClassComparison,
  { measured }: FileResult,
  rules: readonly FailRule[],
): string[] {
  const expected = measured?.distinctness.decision.verdict;
  const faults: string[] = [];
  if ((rules.includes('verdict') || rules.includes('certificate')) && verdict !== expected)
    faults.push(`the verdict is ${verdict} instead of ${expected}`);
  else if (rules.includes('certificate') && !verdictHolds)
    faults.push(
      `the verdict is not certified: twice the latent error of ${significant(maxLatentError)} reaches the deciding gap of ${significant(decidingGap)}`,
    );
  if (rules.includes('elsewhere') && elsewhere > 0)
    faults.push(`${elsewhere} ${elsewhere === 1 ? 'observation is' : 'observations are'} nearest to another class`);
  return faults;
}

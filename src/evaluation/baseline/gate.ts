// The gate: what of an evaluation is worse than in a baseline, beyond what chance allows. Shares are tested observation by
// observation where both judged the same ones; docs/gate.md says what each check means and how it is decided.
import { option, UsageError } from '../../error.ts';
import {
  holmAdjusted,
  type Outcomes,
  pairedShareChange,
  type ShareChange,
  twoSampleShareChange,
} from '../../measures/change/share-test.ts';
import { type LabelledLatents, type Metric, rootMeanSquareNorm } from '../../measures/latents.ts';
import { cosine, squaredDistance } from '../../measures/pair-distance.ts';
import { verdicts } from '../../measures/verdict.ts';
import { withoutCommonWords } from '../class/comparable-name.ts';
import { type AnyEvaluationRecord, type EncoderRuntimeRecord, judgedOf } from '../schema/evaluation.ts';
import type { GateCheck, GateRecord } from '../schema/gate.ts';
import { areSameObservations, type JudgedRecord, numbersOf } from '../schema/outcome.ts';
import { type Baseline, unpackLatents } from './schema.ts';

/** The chance that a gate calls anything worse where nothing has changed: all of its shares together. */
export const GATE_LEVEL = 0.05;
/** Of the same file, whose latents only a runtime can have changed; of another file only where it is asked for. */
export const LEAST_COSINE = 0.999;

/** What an evaluation is of, as far as a baseline must be of the same. */
export interface ObservedSubject {
  readonly name: string;
  /** Undefined where only the latents are known. */
  readonly observationShape: readonly number[] | undefined;
  readonly classes: { readonly of: string; readonly names: readonly string[] };
  readonly metric?: Metric | undefined;
}

export interface GateInput {
  readonly record: AnyEvaluationRecord;
  /** Of the judged observations, for each runtime of the record. */
  readonly latents: readonly LabelledLatents[];
  /** Of the encoder's file. */
  readonly sha256: string | null;
  /** Of the latents that were pinned; below it they are worse. Default: 0.999 where the file is the baseline's. */
  readonly leastCosine?: number | undefined;
}

const SAVE = 'Save one of these: --save-baseline FILE';

/** @throws UsageError in one line where the baseline is of other data, classes or another metric */
export function requireComparable(where: string, { encoder, observed }: Baseline, subject: ObservedSubject): void {
  const refuse = (what: string, expected: string, got: string): never => {
    throw new UsageError(`${where}: expected a baseline of ${what} ${expected}, got one of ${got}`, {
      remedy: `${SAVE}.`,
    });
  };
  const metric = subject.metric ?? 'euclidean';
  if (observed.metric !== metric) refuse('the metric', metric, observed.metric);
  const { of } = subject.classes;
  const isUnseen = encoder.elsewhere !== undefined || subject.observationShape === undefined;
  const [names, known] = [subject.classes.names, observed.classes.names].map((each) =>
    isUnseen ? withoutCommonWords(each) : each,
  );
  if (observed.classes.of !== of) refuse('classes by', of, observed.classes.of);
  const [missing] = names.filter((name) => !known.includes(name));
  const [other] = known.filter((name) => !names.includes(name));
  if (missing !== undefined || other !== undefined || names.length !== known.length)
    refuse(
      `${names.length} classes`,
      missing === undefined ? `without "${other}"` : `with "${missing}"`,
      `${known.length}`,
    );
  if (names.some((name, index) => name !== known[index]))
    refuse('classes in the order', names.join(', '), known.join(', '));
  const { observationShape: shape } = subject;
  if (shape !== undefined && !isUnseen && shape.join() !== observed.shape.join())
    refuse('observations of shape', `[${shape.join(', ')}]`, `[${observed.shape.join(', ')}]`);
}

/**
 * The same observations wherever their hash is the same, whatever the file is called. Of latents by themselves the observations
 * are not seen: the same are as many of the same classes in the same order. Others of the same source where other ones were asked
 * for; where they should be the same and are not, the data have changed.
 * @throws UsageError where they are other data
 */
export function pairingOf(
  where: string,
  { encoder, observed }: Baseline,
  record: AnyEvaluationRecord,
  asked: number,
): GateRecord['method'] {
  const before = { ...observed, isUnseen: encoder.elsewhere !== undefined };
  const now = judgedOf(record);
  if (areSameObservations(before, now)) return 'paired';
  if (record.environment.name !== observed.name)
    throw new UsageError(`${where}: expected a baseline of ${record.environment.name}, got one of ${observed.name}`, {
      remedy:
        before.isUnseen || now.isUnseen
          ? `Latents by themselves are the same observations where classes, seed and number are the same: ${option('seed', String(observed.seed))}, ${option('observations', String(observed.asked))}.`
          : `${SAVE}.`,
    });
  if (record.seed !== observed.seed || asked !== observed.asked) return 'two samples';
  throw new UsageError(
    `${where}: expected a baseline of these observations of ${observed.name}, got one of others by the same name`,
    {
      remedy: `What is in ${observed.name} has changed: save a new baseline, --save-baseline FILE.`,
    },
  );
}

/** @param baselinePath for the record and for messages */
export function gate(
  baselinePath: string,
  baseline: Baseline,
  input: GateInput & { readonly asked: number },
): GateRecord {
  const { record, latents } = input;
  const method = pairingOf(baselinePath, baseline, record, input.asked);
  const shares = record.runtimes.flatMap((runtime) => shareChecks(baseline, runtime, record, method));
  const adjusted = holmAdjusted(shares.map(({ change }) => change.p));
  const checks = record.runtimes.flatMap((runtime, index): GateCheck[] => [
    ...answerChecks(baseline.measured, runtime),
    ...shares.flatMap((share, n) => (share.runtime === runtime.runtime ? [describeShare(share, adjusted[n])] : [])),
    pinnedCheck(baseline, runtime.runtime, latents[index], method, input),
  ]);
  return {
    baseline: baselinePath,
    holds: checks.every(({ status }) => status !== 'worse'),
    method,
    unit: record.judged?.episodes === null ? 'observation' : 'episode',
    level: GATE_LEVEL,
    checks,
  };
}

type Measured = Baseline['measured'];

/** The verdict, and the two answers that it is made of. Each is decided by intervals: one that reaches over its threshold is no fall. */
function answerChecks(before: Measured, now: EncoderRuntimeRecord): GateCheck[] {
  const { runtime } = now;
  const isApartNow = now.separable.answer !== 'no';
  // A distinct verdict that its interval allows is no fall; a collapse has no interval, for it is a loss of scale.
  const fell =
    verdicts.indexOf(now.verdict) < verdicts.indexOf(before.verdict) && (!isApartNow || now.verdict === 'collapsed');
  const rose = verdicts.indexOf(now.verdict) > verdicts.indexOf(before.verdict);
  return [
    {
      runtime,
      name: 'verdict',
      status: fell ? 'worse' : rose ? 'better' : 'kept',
      before: before.verdict,
      now: now.verdict,
      detail:
        before.verdict === now.verdict || fell || rose
          ? 'by the numbers as measured'
          : 'its interval allows the verdict of the baseline',
      p: null,
    },
    answerCheck(runtime, 'classes told apart', before.separable.answer, now.separable.answer, [
      intervalText(before.separable.share, before.separable.interval),
      intervalText(now.separable.share, now.separable.interval),
    ]),
    clusterCheck(runtime, before.clustered, now.clustered),
  ];
}

function answerCheck(
  runtime: string,
  name: string,
  before: string,
  now: string,
  texts: readonly [string, string],
): GateCheck {
  return {
    runtime,
    name,
    status: before === 'yes' && now === 'no' ? 'worse' : before === 'no' && now === 'yes' ? 'better' : 'kept',
    before: `${before}, ${texts[0]}`,
    now: `${now}, ${texts[1]}`,
    detail: 'the worst pair of classes, with its 95% interval',
    p: null,
  };
}

/** Worse where the intervals have nothing in common, which is rarer by far than one miss in twenty. */
function clusterCheck(
  runtime: string,
  before: Measured['clustered'],
  now: EncoderRuntimeRecord['clustered'],
): GateCheck {
  const high = ([, end]: readonly [number, number | null]) => end ?? Number.POSITIVE_INFINITY;
  const check = answerCheck(runtime, 'each class one cluster', before.answer, now.answer, [
    intervalText(before.ratio, before.interval),
    intervalText(now.ratio, now.interval),
  ]);
  const isLower = high(now.interval) < before.interval[0];
  return { ...check, status: isLower ? 'worse' : now.interval[0] > high(before.interval) ? 'better' : 'kept' };
}

interface ShareCheck {
  readonly runtime: string;
  readonly name: string;
  readonly change: ShareChange;
}

/** All observations by two rules, and each class by the same. */
function shareChecks(
  { observed, measured }: Baseline,
  { runtime, outcomes }: EncoderRuntimeRecord,
  { judged, classes }: AnyEvaluationRecord,
  method: GateRecord['method'],
): ShareCheck[] {
  if (outcomes === undefined || judged === undefined) return [];
  const names: Readonly<Record<keyof typeof outcomes, string>> = {
    nearestCentroid: 'nearest-centroid accuracy',
    toldApart: 'observations told apart',
  };
  const parts = [{ of: '', label: -1 }, ...classes.names.map((name, label) => ({ of: ` of ${name}`, label }))];
  return (['nearestCentroid', 'toldApart'] as const).flatMap((rule) =>
    parts.flatMap(({ of, label }): ShareCheck[] => {
      const [before, now] = outcomesOf(
        [measured.outcomes[rule], observed.judged],
        [outcomes[rule], judged],
        method === 'paired',
        label,
      );
      if (before.isRight.length === 0 || now.isRight.length === 0) return [];
      const change = method === 'paired' ? pairedShareChange(before, now) : twoSampleShareChange(before, now);
      return [{ runtime, name: `${names[rule]}${of}`, change }];
    }),
  );
}

type Judged = readonly [characters: string, judged: JudgedRecord];

/** Of one class, or of all where `label` is -1; of the observations that were taken, in both where they are paired. */
export function outcomesOf(
  before: Judged,
  now: Judged,
  isPaired: boolean,
  label: number,
): readonly [Outcomes, Outcomes] {
  const [old, recent] = [before, now].map(([characters, judged]) => {
    const labels = numbersOf(judged.labels);
    const episodes = judged.episodes === null ? undefined : numbersOf(judged.episodes);
    const isTaken = (n: number) => characters[n] !== '-' && (label < 0 || labels[n] === label);
    return { characters, episodes, isTaken };
  });
  const take = ({ characters, episodes, isTaken }: typeof old): Outcomes => {
    const rows = Array.from(characters, (_, n) => n).filter((n) =>
      isPaired ? old.isTaken(n) && recent.isTaken(n) : isTaken(n),
    );
    return { isRight: rows.map((n) => characters[n] === '1'), episodes: episodes && rows.map((n) => episodes[n]) };
  };
  return [take(old), take(recent)];
}

function describeShare({ runtime, name, change }: ShareCheck, p: number): GateCheck {
  const { before, now, beforeInterval, nowInterval, lost, won } = change;
  return {
    runtime,
    name,
    status: p <= GATE_LEVEL ? 'worse' : now > before && beforeInterval[1] < nowInterval[0] ? 'better' : 'kept',
    before: intervalText(before, beforeInterval),
    now: intervalText(now, nowInterval),
    detail: `${lost === null ? 'two samples' : `${lost} lost, ${won} won`}, p = ${short(p)}`,
    p,
  };
}

/** Cosine and largest error of the latents that were pinned: the same observations must be there for it. */
function pinnedCheck(
  { encoder, pinned, measured }: Baseline,
  runtime: string,
  latents: LabelledLatents,
  method: GateRecord['method'],
  { sha256, leastCosine }: GateInput,
): GateCheck {
  const name = 'pinned latents';
  const isSameFile = sha256 !== null && sha256 === encoder.sha256;
  const none = (detail: string): GateCheck => ({
    runtime,
    name,
    status: 'not compared',
    before: '',
    now: '',
    detail,
    p: null,
  });
  if (method !== 'paired') return none('other observations than those of the baseline');
  const before = unpackLatents(pinned.latents);
  if (before.size !== latents.size)
    return none(`latents of ${latents.size} numbers, in the baseline of ${before.size}`);
  const { size } = latents;
  let least = 1;
  let error = 0;
  pinned.rows.forEach((row, index) => {
    const places = [before.values, index * size, latents.values, row * size, size] as const;
    least = Math.min(least, cosine(...places));
    error = Math.max(error, Math.sqrt(squaredDistance(...places)));
  });
  const wanted = leastCosine ?? (isSameFile ? LEAST_COSINE : undefined);
  const allowed = isSameFile ? measured.decidingGap / 2 : undefined;
  const isWorse =
    (wanted !== undefined && least < wanted) || (allowed !== undefined && allowed > 0 && error >= allowed);
  const asked = [
    ...(wanted === undefined ? [] : [`cosine of at least ${wanted}`]),
    ...(allowed === undefined ? [] : [`errors below ${short(allowed)}, half of the deciding gap`]),
  ];
  return {
    runtime,
    name,
    status: isWorse ? 'worse' : 'kept',
    before: `${pinned.rows.length} observations, scale ${short(pinned.scale)}`,
    now: `smallest cosine ${least.toFixed(6)}, largest error ${short(error)}, scale ${short(rootMeanSquareNorm(latents))}`,
    detail: asked.length > 0 ? `asked for: ${asked.join(', ')}` : 'another file than the baseline’s: told, not decided',
    p: null,
  };
}

function intervalText(value: number | null, [low, high]: readonly [number, number | null]): string {
  const text = (each: number | null) => (each === null || each === Number.MAX_VALUE ? 'infinite' : short(each));
  return `${text(value)} (${text(low)} to ${text(high)})`;
}

function short(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

// What became of every judged observation, one character each, so that two evaluations of the same observations can be compared
// pair by pair: which are the same is told by a hash.
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { LabelledObservations } from '../../data/transition.ts';
import type { Distinctness } from '../../measures/distinctness.ts';

export const judgedSchema = z.strictObject({
  sha256: z
    .string()
    .describe('of the judged observations and their classes; of latents by themselves, of the rows and their classes'),
  labels: z.string().describe('the class of each judged observation, as an index into the names, comma-separated'),
  episodes: z
    .string()
    .nullable()
    .describe('the recorded episode of each, comma-separated; null where observations are independent'),
});
export type JudgedRecord = z.output<typeof judgedSchema>;

export const outcomesSchema = z.strictObject({
  nearestCentroid: z
    .string()
    .regex(/^[01]+$/)
    .describe('a character for each judged observation: 1, nearest to the centroid of its own class'),
  toldApart: z
    .string()
    .regex(/^[01-]+$/)
    .describe(
      'the same of the rule (3 neighbours, or a linear probe) by which more observations are on the side of their own class against every other one; -: was not taken',
    ),
});
export type OutcomesRecord = z.output<typeof outcomesSchema>;

/** Observations whose latents alone are known: which rows of their file they are. */
export interface UnseenObservations {
  readonly rows: Int32Array;
  readonly episodes?: Int32Array | undefined;
}

/** @param labels [N] classes of the judged observations */
export function judgedRecord(judged: LabelledObservations | UnseenObservations, labels: Int32Array): JudgedRecord {
  const hash = createHash('sha256');
  const identity = 'rows' in judged ? judged.rows : judged.observations;
  for (const { buffer, byteOffset, byteLength } of [identity, labels])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return {
    sha256: hash.digest('hex'),
    labels: Array.from(labels).join(','),
    episodes: judged.episodes ? Array.from(judged.episodes).join(',') : null,
  };
}

/** Which observations an evaluation judged, as far as it knows them. */
export interface JudgedObservations {
  readonly judged: JudgedRecord | undefined;
  /** Of the draw. */
  readonly seed: number;
  /** Only their latents were known. */
  readonly isUnseen: boolean;
}

/**
 * Whether two evaluations judged the same observations: by their hash, whatever their files are called. Where only latents were
 * known, as many of the same classes in the same order, drawn by the same seed, are taken for the same; where they are others of
 * the same composition, a paired test of them has the same false alarms, and sees less.
 */
export function areSameObservations(a: JudgedObservations, b: JudgedObservations): boolean {
  if (a.judged === undefined || b.judged === undefined) return false;
  if (a.judged.sha256 === b.judged.sha256) return true;
  const isAlike = a.judged.labels === b.judged.labels && a.judged.episodes === b.judged.episodes;
  return (a.isUnseen || b.isUnseen) && isAlike && a.seed === b.seed;
}

export function outcomesRecord({ centroids, separability }: Distinctness, classCount: number): OutcomesRecord {
  const { margins, labels, rows } = separability;
  const sides = margins.map((rule) =>
    Array.from(labels, (own, n) => {
      for (let c = 0; c < classCount; c++) if (c !== own && !(rule[n * classCount + c] > 0)) return false;
      return true;
    }),
  );
  const right = sides.map((each) => each.filter(Boolean).length);
  const best = sides[right.indexOf(Math.max(...right))];
  const toldApart: string[] = Array.from({ length: centroids.margins.length }, () => '-');
  rows.forEach((row, n) => {
    toldApart[row] = best[n] ? '1' : '0';
  });
  return {
    nearestCentroid: Array.from(centroids.margins, (margin) => (margin > 0 ? '1' : '0')).join(''),
    toldApart: toldApart.join(''),
  };
}

/** Whole numbers that were joined by commas. */
export function numbersOf(text: string): number[] {
  return text === '' ? [] : text.split(',').map(Number);
}

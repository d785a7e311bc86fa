// Which observations of a recording are judged, and which give centroids and rules: by episodes where they are enough, as evenly
// in every class as they come. One rule for runs, for encoders from anywhere and for latents that were computed elsewhere.
import { option, UsageError } from '../../error.ts';
import type { LabelledClasses } from '../class/recording.ts';
import type { StateClasses } from '../class/state.ts';

/** A class needs two observations for a distance within it. */
const LEAST_OF_CLASS = 2;

export interface DividedObservations {
  /** Of the observations that were given, in their order. */
  readonly judged: readonly number[];
  readonly centroids: readonly number[];
  /** [N] of the observations that were given: their class among those that are kept, or -1. */
  readonly labels: Int32Array;
  readonly classes: StateClasses;
  /** Whether no episode has observations on both sides. */
  readonly areEpisodesApart: boolean;
}

export interface DivisionOptions {
  /** [N]: the episode of each. */
  readonly episodes: Int32Array;
  /** What the remedy is, where classes are too small. */
  readonly split: 'held-out' | 'all';
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * Half of the episodes is judged, the others give the centroids, so that no two frames of one are on both sides; by observations
 * where that would leave a class out. Classes with too few of either are left out.
 * @throws UsageError where fewer than two classes are left
 */
export function divideObservations(
  labelled: LabelledClasses,
  { episodes, split, onNote }: DivisionOptions,
): DividedObservations {
  const labels = Array.from(labelled.labels);
  const divided = (units: ArrayLike<number>) => {
    const sides = sidesOf(labels, units, labelled.names.length);
    const counts = labelled.names.map(() => [0, 0]);
    labels.forEach((label, n) => {
      if (label >= 0) counts[label][sides[n]]++;
    });
    const kept = [...counts.keys()].filter((label) => Math.min(...counts[label]) >= LEAST_OF_CLASS);
    return { sides, kept };
  };
  const byObservation = divided(Array.from(labels.keys()));
  const byEpisode = divided(episodes);
  const areEpisodesApart = byEpisode.kept.length === byObservation.kept.length;
  const { sides, kept } = areEpisodesApart ? byEpisode : byObservation;
  // What has one episode may be none: labelled images in a file. One class an episode is a folder a class.
  if (!areEpisodesApart && new Set(episodes).size > 1 && !isOneClassAnEpisode(labels, episodes))
    onNote?.(
      'evaluation: too few episodes to judge by other episodes than those of the centroids: frames of one are on both sides, which flatters what depends on near frames',
    );
  if (kept.length < 2)
    throw new UsageError(
      `evaluation: expected at least 2 classes with ${2 * LEAST_OF_CLASS} held-out observations each, got ${kept.length} of ${labelled.names.length}`,
      {
        remedy:
          split === 'all'
            ? `Take other classes (${option('classes')}), or a longer recording.`
            : `Hold out more episodes (${option('assignments', 'recording.heldOutShare=0.3')}), or take other classes (${option('classes')}).`,
      },
    );
  const left = labelled.names.filter((_, label) => !kept.includes(label));
  const unlabelled = labelled.labels.filter((label) => label < 0).length;
  if (left.length > 0)
    onNote?.(`classes: ${left.length} with too few held-out observations left out: ${left.slice(0, 5).join(', ')}`);
  if (unlabelled > 0)
    onNote?.(
      split === 'all'
        ? `classes: ${unlabelled} of ${labels.length} observations have none, and are left out`
        : `classes: ${unlabelled} of ${labels.length} held-out observations were never seen in training, and left out`,
    );
  const newLabel = new Map(kept.map((label, index) => [label, index]));
  const select = (side: number) =>
    Array.from(sides.keys()).filter((n) => sides[n] === side && newLabel.has(labelled.labels[n]));
  return {
    judged: select(0),
    centroids: select(1),
    labels: labelled.labels.map((label) => newLabel.get(label) ?? -1),
    classes: {
      of: labelled.of,
      count: kept.length,
      classOf: Int32Array.from(kept, (_, index) => index),
      names: kept.map((label) => labelled.names[label]),
      claim: labelled.claim,
    },
    areEpisodesApart,
  };
}

function isOneClassAnEpisode(labels: readonly number[], episodes: Int32Array): boolean {
  const classOf = new Map<number, number>();
  return (
    labels.every((label, n) => {
      const known = classOf.get(episodes[n]) ?? label;
      classOf.set(episodes[n], known);
      return known === label;
    }) && new Set(classOf.values()).size === classOf.size
  );
}

/**
 * Which episodes, or observations, are judged (0) and which give the centroids (1): as evenly in every class as they come.
 * @param units [N]: of an observation; itself, where there are no episodes
 */
function sidesOf(labels: readonly number[], units: ArrayLike<number>, classCount: number): number[] {
  const rowsOf = new Map<number, number[]>();
  labels.forEach((label, n) => {
    if (label < 0) return;
    const own = rowsOf.get(units[n]);
    if (own) own.push(n);
    else rowsOf.set(units[n], [n]);
  });
  const balance = new Int32Array(classCount);
  const sides = labels.map(() => -1);
  // Large ones first, which leaves the small ones to even out; a stable sort keeps the order of the draw.
  for (const rows of [...rowsOf.values()].sort((a, b) => b.length - a.length)) {
    const own = new Map<number, number>();
    for (const n of rows) own.set(labels[n], (own.get(labels[n]) ?? 0) + 1);
    let [asJudged, asOther] = [0, 0];
    for (const [label, count] of own) {
      asJudged += Math.abs(balance[label] + count);
      asOther += Math.abs(balance[label] - count);
    }
    const side = asJudged <= asOther ? 0 : 1;
    for (const n of rows) sides[n] = side;
    for (const [label, count] of own) balance[label] += side === 0 ? count : -count;
  }
  return sides;
}

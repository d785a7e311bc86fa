// A proven verdict's ranges beside their definition, of few observations.
import { describe, expect, test } from 'vitest';
import type { BoundedLatents } from '../../../src/measures/bound/proven-margin.ts';
import { provenVerdict } from '../../../src/measures/bound/proven-verdict.ts';
import { median } from '../../../src/measures/median.ts';

/** Ten of each of three classes, in rows of their own around 0, 100 and 130. */
const labels = Int32Array.from({ length: 30 }, (_, n) => n % 3);
const rows = Array.from(labels, (label, n) => [[0, 100, 130][label] + Math.floor(n / 3), (n * 7) % 5]);
const bounded = (errors: readonly number[]): BoundedLatents => ({
  values: Float64Array.from(rows.flat()),
  errors: Float64Array.from(rows.flatMap(() => errors)),
  size: 2,
  labels,
});

describe('ranges', () => {
  test.each([
    [0, 100, 130],
    [0, 30, 130],
  ])(
    'of the ratio are what errors of members and of the line between the medians can make of it (%i, %i, %i)',
    (...places) => {
      // Eleven of each class, one class after the other; the first is known less well.
      const labels = Int32Array.from({ length: 33 }, (_, n) => Math.floor(n / 11));
      const rows = Array.from(labels, (label, n) => [places[label] + (n % 11), 20 * label + ((n * 7) % 5)]);
      const given = (first: readonly number[], rest: readonly number[]): BoundedLatents => ({
        values: Float64Array.from(rows.flat()),
        errors: Float64Array.from(rows.flatMap((_row, n) => (labels[n] === 0 ? first : rest))),
        size: 2,
        labels,
      });
      const errorsOf = [
        [0.02, 0.03],
        [0.01, 0.02],
        [0.01, 0.02],
      ];
      const otherErrorsOf = [
        [0.08, 0.05],
        [0.03, 0.01],
        [0.03, 0.01],
      ];
      const { clustered, separable } = provenVerdict({
        judged: given(errorsOf[0], errorsOf[1]),
        others: given(otherErrorsOf[0], otherErrorsOf[1]),
        classCount: 3,
      });
      const ofClass = (c: number) => rows.filter((_row, n) => labels[n] === c);
      /** As much more as float32 rounds. */
      const withFloat = (value: number, error: number) => error + Math.abs(value) * 2 ** -24;
      const centres = [0, 1, 2].map((c) => [0, 1].map((k) => median(ofClass(c).map((row) => row[k]))));
      const centreErrors = [0, 1, 2].map((c) =>
        Math.hypot(
          ...otherErrorsOf[c].map((error, k) => Math.max(...ofClass(c).map((row) => withFloat(row[k], error)))),
        ),
      );
      const ranges = [
        [0, 1],
        [0, 2],
        [1, 2],
      ].map(([a, b]) => {
        const line = [0, 1].map((k) => centres[b][k] - centres[a][k]);
        const length = Math.hypot(...line);
        const turned = (2 * (centreErrors[a] + centreErrors[b])) / length;
        const moved = Math.max(
          ...[a, b].flatMap((c) =>
            ofClass(c).map(
              (row) =>
                Math.hypot(...row.map((value, k) => withFloat(value, errorsOf[c][k]))) +
                turned * Math.hypot(...row.map((value, k) => value - (centres[a][k] + centres[b][k]) / 2)),
            ),
          ),
        );
        const along = [a, b].map((c) => ofClass(c).map((row) => (row[0] * line[0] + row[1] * line[1]) / length));
        const gap = median(along[1]) - median(along[0]);
        const spread = Math.max(
          ...along.map((own) => own.reduce((sum, at) => sum + Math.abs(at - median(own)), 0) / own.length),
        );
        return [(gap - 2 * moved) / (2 * (spread + 2 * moved)), (gap + 2 * moved) / (2 * (spread - 2 * moved))];
      });
      expect(clustered.range[0]).toBeCloseTo(Math.min(...ranges.map(([low]) => low)), 6);
      expect(clustered.range[1]).toBeCloseTo(Math.min(...ranges.map(([, high]) => high)), 6);
      expect(clustered).toMatchObject({ answer: 'yes', isProven: true, pair: places[1] === 30 ? [0, 1] : [1, 2] });
      // Eleven of eleven do not decide.
      expect(separable).toEqual({ answer: 'undecided', isProven: false, range: [1, 1], pair: [0, 1] });
    },
  );

  test('of the share are of those whose margin is above half of the errors of both ends', () => {
    // From 100 the third distances to its own class and the next are 2 and 32: a margin of 7.5.
    const judged = bounded([0, 0]);
    const [others, noisy] = [bounded([0, 0]), bounded([0.5, 0])];
    const line = (given: BoundedLatents): BoundedLatents => ({
      ...given,
      values: given.values.map((value, i) => (i % 2 === 0 ? value : 0)),
    });
    const shareWith = (error: number, learned: BoundedLatents) => {
      const errors = judged.errors.slice();
      errors[2] = error;
      const { separable } = provenVerdict({
        judged: { ...line(judged), errors },
        others: line(learned),
        classCount: 3,
      });
      return separable.range[0];
    };
    expect(shareWith(14.99, others)).toBe(1);
    expect(shareWith(15.01, others)).toBe(0.9);
    expect(shareWith(14.49, noisy)).toBe(1);
    expect(shareWith(14.51, noisy)).toBe(0.9);
  });
});

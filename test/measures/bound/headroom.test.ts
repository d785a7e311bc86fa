import { describe, expect, test } from 'vitest';
import { errorOf, headroom, headroomReference } from '../../../src/measures/bound/headroom.ts';
import { latentsOf } from '../../evaluation/reference.ts';

const labels = [0, 0, 1, 1];
const onLine = (...values: readonly number[]) =>
  latentsOf(
    values.map((value) => [value]),
    labels,
  );
/** Centroids at -1 and 1, margins of 2, 1.75, 1.75 and 2; a mean distance of 17/12, of which twice the tolerance leaves nothing. */
const line = onLine(-1.125, -0.875, 0.875, 1.125);
const sets = { judged: line, centroids: line, hasUnitScale: true };
const reference = headroomReference(sets);

describe('headroom', () => {
  test('is what the largest error of both sets leaves of what the verdict bears', () => {
    expect(reference.tolerance).toBeCloseTo(17 / 24, 6);
    const moved = {
      ...sets,
      judged: onLine(-1.125, -0.875, 1.125, 1.125),
      centroids: onLine(-1.125, -0.4375, 0.875, 1.125),
    };
    const found = headroom(reference, moved);
    expect(found).toEqual({
      verdict: 'distinct',
      largestError: 0.4375,
      tolerance: reference.tolerance,
      margin: reference.tolerance - 0.4375,
      holds: true,
      // Of the margins two are above 4 times 0.4375.
      certifiedAccuracy: 0.5,
      accuracy: 1,
      separation: 1,
    });
    expect(errorOf(reference, moved)).toEqual({
      largestError: 0.4375,
      tolerance: reference.tolerance,
      certifiedAccuracy: 0.5,
    });
    expect(errorOf(reference, { ...moved, centroids: line })).toMatchObject({
      largestError: 0.25,
      certifiedAccuracy: 1,
    });
  });

  test('holds without an error, not with one beyond the tolerance, nor where the verdict is another', () => {
    expect(headroom(reference, sets)).toMatchObject({ holds: true, largestError: 0, certifiedAccuracy: 1 });
    // All a step to the right: nothing has changed between them.
    const shifted = onLine(-0.125, 0.125, 1.875, 2.125);
    expect(headroom(reference, { ...sets, judged: shifted, centroids: shifted })).toMatchObject({
      verdict: 'distinct',
      largestError: 1,
      holds: false,
      certifiedAccuracy: 0,
    });
    const swapped = onLine(-1.125, 0.875, -0.875, 1.125);
    const point = { ...sets, judged: onLine(0, 0, 0, 0), centroids: swapped };
    expect(headroom(reference, point)).toMatchObject({
      verdict: 'collapsed',
      holds: false,
      accuracy: 0,
      separation: 0,
    });
  });

  test('of a reference that is another, a verdict of the same small error does not hold', () => {
    // Two classes that are one: 0 apart, and nothing is told apart.
    const merged = { ...sets, judged: onLine(1, 2, 1, 2), centroids: onLine(1, 2, 1, 2) };
    const other = headroomReference(merged);
    expect(other.measured.decision.verdict).toBe('coarse');
    expect(headroom(other, merged).holds).toBe(true);
    expect(headroom(other, sets).holds).toBe(false);
  });
});

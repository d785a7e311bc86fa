import { expect, onTestFinished, test } from 'vitest';
import { openRecording } from '../../../src/data/readers/index.ts';
import { fixture, startsOf } from '../small-recording.ts';

const hasSharp = await import('sharp').then(
  () => true,
  () => false,
);

test.skipIf(!hasSharp)(
  'JPEG images of Minari have the pixels that Pillow decodes (sharp is an optional package)',
  async () => {
    const recording = await openRecording(fixture('minari-jpeg'));
    const decoded = await openRecording(fixture('minari-jpeg/decoded.npz'));
    onTestFinished(async () => {
      await Promise.all([recording.dispose(), decoded.dispose()]);
    });
    expect(recording.columns.get('observations/image')).toMatchObject({ shape: [40, 48, 3] });
    expect([...(recording.columns.get('observations/image')?.starts ?? [])]).toEqual(startsOf(1));
    const found = await recording.read('observations/image', 0, 17);
    const expected = await decoded.read('observations', 0, 17);
    const worst = Math.max(
      ...Array.from({ length: found.length }, (_, i) => Math.abs(Number(found[i]) - Number(expected[i]))),
    );
    // Decoders may round the inverse transform differently by one level; chroma upsampling adds one.
    expect(worst).toBeLessThanOrEqual(2);
  },
);

test("Minari's spaces say how many actions there are, and the bounds of vectors", async () => {
  const recording = await openRecording(fixture('minari'));
  onTestFinished(() => recording.dispose());
  expect(recording.columns.get('actions/move')?.actionCount).toBe(3);
  expect(recording.columns.get('actions/control')?.bounds).toEqual({ low: [-2, -2], high: [2, 2] });
  expect(recording.columns.get('observations/state')?.bounds).toEqual({ low: [-100, -100], high: [100, 100] });
});

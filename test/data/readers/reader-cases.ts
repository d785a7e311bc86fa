// What every reader must do with the small recording, whatever the format.
import { describe, expect, onTestFinished, test } from 'vitest';
import { openRecording, reopenRecording } from '../../../src/data/readers/index.ts';
import { type OpenOptions, type Recording, totalRowsOf } from '../../../src/data/recording.ts';
import { fixture, formulas, IMAGE_SIDES, type Part, rowsOf, startsOf } from '../small-recording.ts';

export interface ReaderCase {
  /** In test/fixtures/recordings. */
  readonly file: string;
  readonly format: string;
  readonly options?: OpenOptions;
  /** What the file calls each part, and whether it has the observation after the last action. */
  readonly columns: { readonly [Name in Part]: { readonly name: string; readonly hasLast: boolean } };
  readonly roles: Recording['roles'];
  readonly notes: readonly string[];
}

export function testReader({ file, format, options, columns, roles, notes }: ReaderCase): void {
  const open = async () => {
    const recording = await openRecording(fixture(file), options);
    onTestFinished(() => recording.dispose());
    return recording;
  };

  describe(file, () => {
    test('has the format, the episodes, the parts by name, and says what it leaves out', async () => {
      const recording = await open();
      expect(recording.format).toBe(format);
      expect(recording.episodeCount).toBe(3);
      expect(recording.roles).toEqual(roles);
      expect(recording.notes).toEqual(notes);
    });

    test.each(Object.keys(columns) as Part[])('reads every range of rows of %s', async (part) => {
      const recording = await open();
      const { name, hasLast } = columns[part];
      const column = recording.columns.get(name);
      expect(column).toBeDefined();
      if (column === undefined) return;
      const shape = part === 'image' ? IMAGE_SIDES : formulas[part](0, 0).length === 1 ? [] : [2];
      expect(column.shape).toEqual(shape);
      expect([...column.starts]).toEqual(startsOf(hasLast ? 1 : 0));
      const expected = rowsOf(part, hasLast ? 1 : 0);
      const rowSize = expected.length / totalRowsOf(column);
      for (let from = 0; from <= totalRowsOf(column); from += 1)
        for (let to = from; to <= totalRowsOf(column); to += part === 'image' ? 5 : 1)
          expect(Array.from(await recording.read(name, from, to), Number)).toEqual(
            expected.slice(from * rowSize, to * rowSize),
          );
    });

    test('is opened again by its handle, and both read the same', async () => {
      const recording = await open();
      // As a worker gets it.
      const again = await reopenRecording(structuredClone(recording.handle));
      onTestFinished(() => again.dispose());
      const { name } = columns.image;
      expect(await again.read(name, 2, 9)).toEqual(await recording.read(name, 2, 9));
      expect([...again.columns.values()]).toEqual([...recording.columns.values()]);
    });

    test('reads images in the size that is asked for, each pixel the mean of those that it covers', async () => {
      const recording = await openRecording(fixture(file), { ...options, imageSize: [3, 4] });
      onTestFinished(() => recording.dispose());
      const { name, hasLast } = columns.image;
      expect(recording.columns.get(name)?.shape).toEqual([3, 4, 3]);
      const rows = await recording.read(name, 3, 4);
      const pixels = rowsOf('image', hasLast ? 1 : 0).slice(3 * 144, 4 * 144);
      const at = (h: number, w: number, c: number) => pixels[(h * 8 + w) * 3 + c];
      for (const [h, w, c] of [
        [0, 0, 0],
        [2, 3, 2],
        [1, 2, 1],
      ]) {
        const mean =
          (at(2 * h, 2 * w, c) + at(2 * h + 1, 2 * w, c) + at(2 * h, 2 * w + 1, c) + at(2 * h + 1, 2 * w + 1, c)) / 4;
        expect(Math.abs(Number(rows[(h * 4 + w) * 3 + c]) - mean)).toBeLessThanOrEqual(0.5);
      }
    });
  });
}

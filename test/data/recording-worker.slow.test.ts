import { describe, expect, onTestFinished, test } from 'vitest';
import { openRecording } from '../../src/data/readers/index.ts';
import { recordingSource } from '../../src/data/recording-source.ts';
import type { ColumnSurvey } from '../../src/data/survey.ts';
import { FormatError } from '../../src/error.ts';
import { drawBatches } from './open-source.ts';

describe('two workers give what none gives, and a run may begin anew in the middle', () => {
  const files = [
    'stored.npz',
    'compressed.npz',
    'minari',
    'stable-worldmodel.h5',
    'images.parquet',
    'lerobot-2.1',
    'folder-csv',
  ];

  test.each(files)('%s', async (name) => {
    const roles = name.startsWith('lerobot') ? { observation: ['observation.image'] } : {};
    const alone = await drawBatches(name, { workers: 0, roles }, [0, 1, 2, 3, 4, 5, 6]);
    expect(await drawBatches(name, { workers: 2, roles }, [5, 6])).toEqual(alone.slice(5));
  });

  test('a failure in a worker is the same error, and hangs nothing', async () => {
    const recording = await openRecording(
      new URL('../fixtures/hostile-hdf5/corrupt-chunk.h5', import.meta.url).pathname,
    );
    const column: ColumnSurvey = {
      rowCount: 1000,
      ...{ mean: [0, 0, 0, 0], deviation: [1, 1, 1, 1], minimum: [0], maximum: [2], isWhole: true, isBinary: false },
      ...{ oddityCount: 0, oddities: [], oddEpisodes: [] },
    };
    // A survey from elsewhere, since making one would meet the corrupt chunk in this thread.
    const survey = {
      format: 1 as const,
      columns: { observations: column, actions: column, rewards: column },
      oddEpisodes: [],
    };
    const source = await recordingSource(recording, { seed: 0, split: 'all', workers: 1, survey });
    onTestFinished(async () => {
      await source.dispose();
      await recording.dispose();
    });
    const drawing = source.batch(0, 16, 1);
    await expect(drawing).rejects.toThrow(FormatError);
    await expect(drawing).rejects.toThrow(
      /corrupt-chunk\.h5 observations: expected rows .*, got a fault: filter returned failure/,
    );
  });
});

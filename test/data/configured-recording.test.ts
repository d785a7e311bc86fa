import { describe, expect, onTestFinished, test } from 'vitest';
import {
  openConfiguredRecording,
  outlineOf,
  recordingConfiguration,
  recordingOutline,
  requireSameOutline,
} from '../../src/data/configured-recording.ts';
import { openRecording } from '../../src/data/readers/index.ts';
import { recordingSource } from '../../src/data/recording-source.ts';
import { parseOptions } from '../../src/options.ts';
import { fixture } from './small-recording.ts';

describe('a recording in a configuration', () => {
  test('is opened with its map, its size and its stack', async () => {
    const configuration = parseOptions('recording', recordingConfiguration, {
      path: fixture('stable-worldmodel.h5'),
      map: 'observation=pixels,action=action+control,state=label',
      imageSize: [3, 4],
      stack: 2,
      heldOutShare: 0.3,
    });
    const { recording, options } = await openConfiguredRecording(configuration);
    const source = await recordingSource(recording, { ...options, seed: 0, split: 'train' });
    onTestFinished(async () => {
      await source.dispose();
      await recording.dispose();
    });
    expect(source).toMatchObject({ observationShape: [3, 4, 6], actionSize: 5, auxiliarySize: 1 });
    const batch = await source.batch(0, 4, 1);
    expect(batch.states).toHaveLength(8);
  });

  test('refuses a key that is not known, and names the nearest', () => {
    expect(() => parseOptions('recording', recordingConfiguration, { path: 'x', memory: 5, stak: 2 })).toThrow(
      'recording: expected a known key, got "memory"',
    );
  });
});

test('a resumed run refuses another recording and says what differs', async () => {
  const [stored, compressed, d4rl] = await Promise.all(
    ['stored.npz', 'compressed.npz', 'd4rl.hdf5'].map((name) => openRecording(fixture(name))),
  );
  onTestFinished(async () => {
    for (const recording of [stored, compressed, d4rl]) await recording.dispose();
  });
  const kept = recordingOutline.parse(JSON.parse(JSON.stringify(outlineOf(stored))));
  requireSameOutline(compressed, kept);
  expect(() => requireSameOutline(d4rl, kept)).toThrow('got another: format "NPZ" then, "HDF5 (D4RL)" now');
  const { state: _state, ...columns } = kept.columns;
  expect(() => requireSameOutline(stored, { ...kept, columns })).toThrow(
    'got another: column state missing then, {"type":"float32","shape":[2],"rows":17} now',
  );
});

import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openEventWriter } from '../../src/storage/tensorboard/events.ts';
import { findPython, runPython } from '../python/python.ts';
import { temporaryFolder } from './temporary-folder.ts';

const python = findPython('tensorboard', 'numpy');
const read = (folder: string) => runPython(python ?? '', 'tensorboard_events.py', 'read', folder);
const scalar = { plugin: 'scalars', dataClass: 1 };

describe.skipIf(python === undefined)("TensorBoard's own loader", () => {
  test('reads every kind of value', () => {
    const folder = temporaryFolder();
    const writer = openEventWriter(folder);
    writer.hyperparameters({ 'training.rate': 0.001, preset: 'small', resumed: false });
    writer.scalars(1, { 'train/loss': 0.25, 'train/rate': Number.NaN });
    writer.scalars(2, { 'train/loss': -2 });
    writer.text(2, 'note', 'ü');
    writer.image(2, 'sheet', { bytes: new Uint8Array([1, 2]), width: 10, height: 20 });
    writer.histogram(2, 'kernel', [0, 0, 30, Number.NEGATIVE_INFINITY]);
    writer.outcome('success');
    writer.dispose();
    const hex = (text: string) => Buffer.from(text).toString('hex');
    const rows = Array.from({ length: 30 }, (_, i) => [i, i + 1, i === 0 ? 2 : i === 29 ? 1 : 0]);
    const found = read(folder);
    expect(found).toMatchObject({
      'train/loss': { ...scalar, values: [[1, 0.25], [2, -2]] },
      'train/rate': { ...scalar, values: [[1, 'nan']] },
      note: { plugin: 'text', dataClass: 2, values: [[2, [hex('ü')]]] },
      sheet: { plugin: 'images', dataClass: 3, values: [[2, [hex('10'), hex('20'), '0102']]] },
      kernel: { plugin: 'histograms', dataClass: 2, values: [[2, rows]] },
      '_hparams_/session_start_info': { plugin: 'hparams', session: { 'training.rate': 0.001, preset: 'small', resumed: false } },
      '_hparams_/session_end_info': { session: { status: 1 } },
    }); // biome-ignore format: a table
  });

  test('sees one run where it was torn, resumed from step 2 and went on', () => {
    const folder = temporaryFolder();
    const first = openEventWriter(folder, { wallTime: () => 100 });
    for (let step = 1; step <= 4; step++) first.scalars(step, { loss: step });
    first.dispose();
    truncateSync(first.path, readFileSync(first.path).byteLength - 5);
    const second = openEventWriter(folder, { resumeStep: 2, wallTime: () => 200 });
    for (let step = 3; step <= 5; step++) second.scalars(step, { loss: step * 10 });
    second.dispose();
    expect(read(folder)).toEqual({ loss: { ...scalar, values: [[1, 1], [2, 2], [3, 30], [4, 40], [5, 50]] } }); // biome-ignore format: a table
  });

  test('writes the events of the fixture byte for byte', () => {
    const path = join(temporaryFolder(), 'events');
    runPython(python ?? '', 'tensorboard_events.py', 'write', path);
    expect(readFileSync(path)).toEqual(readFileSync(new URL('../fixtures/storage/python.tfevents', import.meta.url)));
  });
});

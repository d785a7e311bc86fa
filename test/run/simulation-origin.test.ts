// The simulator of a run: known of its folder and of its export by itself.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseSimulationOrigin } from '../../src/run/simulation-origin.ts';
import { openSubject } from '../../src/run/subject.ts';
import { readExportDescription, writeExportDescription } from '../../src/storage/export-description.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { writeRecordingExport } from '../web/recording-fixture.ts';

const simulation = {
  format: 1,
  simulator: 'gym:CartPole-v1',
  seed: 0,
  policy: 'random',
  actionPersistence: 0,
  maximalSteps: 100,
  options: {},
  versions: { gymnasium: '1.2.0' },
  episodes: 40,
  steps: 1082,
};

test('an export that says its simulator is a subject that says it', () => {
  const folder = temporaryFolder();
  writeRecordingExport(folder, 'vector');
  expect(openSubject(folder).simulation).toBeUndefined();
  const { format: _, ...description } = readExportDescription(folder);
  writeExportDescription(folder, { ...description, simulation });
  expect(openSubject(folder).simulation).toEqual(simulation);
  writeFileSync(
    join(folder, 'export.json'),
    JSON.stringify({ format: 1, ...description, simulation: { ...simulation, seed: 'none' } }),
  );
  expect(() => openSubject(folder)).toThrow(/export\.json: expected the simulator of the run, got seed: /);
});

test('what is no simulator is refused with the first field that is wrong', () => {
  expect(() => parseSimulationOrigin('here', { ...simulation, versions: 3 })).toThrow(
    'here: expected the simulator of the run, got versions:',
  );
  expect(() => parseSimulationOrigin('here', { ...simulation, versions: { gymnasium: 3 } })).toThrow(
    'here: expected the simulator of the run, got versions.gymnasium:',
  );
});

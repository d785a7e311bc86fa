import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRecording } from '../../../src/data/readers/index.ts';
import { expandTemplate } from '../../../src/data/readers/lerobot/text.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { fixture } from '../small-recording.ts';
import { testReader } from './reader-cases.ts';

const columns = {
  image: { name: 'observation.image', hasLast: false },
  state: { name: 'observation.state', hasLast: false },
  action: { name: 'action', hasLast: false },
  control: { name: 'control', hasLast: false },
  reward: { name: 'next.reward', hasLast: false },
  label: { name: 'label', hasLast: false },
};
const roles = {
  observation: ['observation.image', 'observation.video', 'observation.state'],
  action: ['action'],
  reward: 'next.reward',
};
const notes = ['instruction: string, left out'];

testReader({ file: 'lerobot-2.1', format: 'LeRobot 2', columns, roles, notes });
testReader({ file: 'lerobot-3.0', format: 'LeRobot 3', columns, roles, notes });

test('a missing ffmpeg is named with its remedy when frames are read, and not before', async () => {
  const recording = await openRecording(fixture('lerobot-3.0'), { ffmpeg: 'no-such-ffmpeg' });
  expect(recording.columns.get('observation.video')?.shape).toEqual([32, 48, 3]);
  await expect(recording.read('observation.video', 0, 1)).rejects.toThrow(
    /file-000\.mp4: expected ffmpeg to decode this video, got no program "no-such-ffmpeg"/,
  );
});

describe('a LeRobot data set whose description is wrong is refused', () => {
  function withInfo(name: string, change: (info: Record<string, unknown>) => void): string {
    const folder = join(temporaryFolder(), 'recording');
    cpSync(fixture(name), folder, { recursive: true });
    const path = join(folder, 'meta/info.json');
    const info = JSON.parse(readFileSync(path, 'utf8'));
    change(info);
    writeFileSync(path, JSON.stringify(info));
    return folder;
  }

  test.each([
    [
      'a template that climbs out',
      'lerobot-2.1',
      'data_path',
      '../../secret/{episode_index}.parquet',
      'expected a path below the data set, got "../../secret/0.parquet"',
    ],
    [
      'an absolute template',
      'lerobot-3.0',
      'data_path',
      '/etc/{file_index}.parquet',
      'expected a path below the data set, got "/etc/0.parquet"',
    ],
    [
      'an unknown name',
      'lerobot-2.1',
      'data_path',
      'data/{nothing:03d}.parquet',
      'expected a known name in "data/{nothing:03d}.parquet", got {nothing}',
    ],
    [
      'a video outside',
      'lerobot-3.0',
      'video_path',
      '{video_key}/../../../x.mp4',
      'expected a path below the data set, got "observation.video/../../../x.mp4"',
    ],
    [
      'a version to come',
      'lerobot-2.1',
      'codebase_version',
      'v4.0',
      'expected codebase_version v2.0, v2.1 or v3.0, got "v4.0"',
    ],
    ['no rate', 'lerobot-2.1', 'fps', 0, 'info.json fps: expected a LeRobot description, got a fault: '],
  ])('%s', async (_what, name, key, value, message) => {
    const folder = withInfo(name, (info) => {
      info[key] = value;
    });
    await expect(openRecording(folder)).rejects.toThrow(message);
  });

  test('a file with fewer rows than its description says', async () => {
    const folder = withInfo('lerobot-2.1', (info) => {
      info.total_frames = 15;
    });
    const path = join(folder, 'meta/episodes.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"length": 8', '"length": 9'));
    const recording = await openRecording(folder);
    await expect(recording.read('action', 0, 15)).rejects.toThrow(
      /episode_000002\.parquet: expected 9 rows as meta\/ says, got 8/,
    );
  });
});

test('templates expand with padding, and keep what they do not know out', () => {
  const template = 'data/chunk-{chunk:03d}/{key}/file_{index:06d}.parquet';
  expect(expandTemplate(template, { chunk: 7, key: 'a.b', index: 1234567 }, 'x')).toBe(
    'data/chunk-007/a.b/file_1234567.parquet',
  );
  expect(() => expandTemplate('{constructor}', {}, 'x')).toThrow('got {constructor}');
});

import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRecording } from '../../../src/data/readers/index.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { fixture } from '../small-recording.ts';
import { testReader } from './reader-cases.ts';

const columns = {
  image: { name: 'image', hasLast: true },
  state: { name: 'state', hasLast: true },
  action: { name: 'action', hasLast: false },
  control: { name: 'control', hasLast: false },
  reward: { name: 'reward', hasLast: false },
  label: { name: 'label', hasLast: true },
};
const roles = { observation: ['image'], action: ['action'], reward: 'reward' };

testReader({ file: 'folder-csv', format: 'images with steps.csv', columns, roles, notes: [] });
// The table by itself says the same.
testReader({ file: 'folder-csv/steps.csv', format: 'images with steps.csv', columns, roles, notes: [] });
testReader({ file: 'folder-jsonl', format: 'images with steps.jsonl', columns, roles, notes: [] });

describe('a folder of images whose table is wrong is refused', () => {
  /** The good folder with another table. */
  function folderWith(name: string, table: string): string {
    const folder = join(temporaryFolder(), 'recording');
    cpSync(fixture('folder-jsonl/images'), join(folder, 'images'), { recursive: true });
    writeFileSync(join(folder, name), table);
    return folder;
  }
  const row = (image: string, rest = '"action":1,"episode":0') => `{"image":"${image}",${rest}}\n`;

  test.each([
    [
      'an image outside of the folder',
      'steps.jsonl',
      row('../../secret.png'),
      /steps\.jsonl image row 1: expected an image below .*, got "\.\.\/\.\.\/secret\.png"/,
    ],
    [
      'an absolute image',
      'steps.jsonl',
      row('/etc/secret.png'),
      /image row 1: expected an image below .*, got "\/etc\/secret\.png"/,
    ],
    [
      'a missing image',
      'steps.jsonl',
      row('images/9-9.png'),
      /images\/9-9\.png: expected a readable image, got ENOENT/,
    ],
    [
      'one name without the ending of an image among others with it',
      'steps.csv',
      'image,action\nimages/0-0.png,1\nimages/0-1.png,0\nimages/noext,1\n',
      /steps\.csv image row 3: expected the name of an image as in most rows \(\.png, .*\), got "images\/noext"/,
    ],
    [
      'a line that is no JSON',
      'steps.jsonl',
      `${row('images/0-0.png')}{"image":`,
      /steps\.jsonl line 2: expected a JSON object, got "\{\\"image\\":"/,
    ],
    [
      'an action missing in the middle',
      'steps.jsonl',
      row('images/0-0.png') + row('images/0-1.png', '"episode":0') + row('images/0-2.png'),
      /action episode 0 step 1: expected a value, got none/,
    ],
    [
      'vectors of two lengths',
      'steps.jsonl',
      row('images/0-0.png', '"state":[1,2],"action":1') + row('images/0-1.png', '"state":[1],"action":1'),
      /state row 2: expected numbers of shape \[2\] as in the first row, got \[1\]/,
    ],
    [
      'a row with too many fields',
      'steps.csv',
      'image,action\nimages/0-0.png,1,2\n',
      /steps\.csv row 1: expected 2 fields, got 3/,
    ],
    [
      'an open quote',
      'steps.csv',
      'image,action\n"images/0-0.png,1\n',
      /steps\.csv row 1: expected a closing quote, got the end of the file/,
    ],
    [
      'one column twice',
      'steps.csv',
      'action,action\n1,2\n',
      /steps\.csv: expected each column once, got "action" twice/,
    ],
    ['an empty table', 'steps.csv', '', /steps\.csv: expected a header and rows, got an empty file/],
    [
      'episodes that come back',
      'steps.csv',
      'action,episode\n1,0\n1,1\n1,0\n',
      /episode row 2: expected the rows of an episode together, got episode 0 again/,
    ],
  ])('%s', async (_what, name, table, message) => {
    await expect(openRecording(folderWith(name, table))).rejects.toThrow(message);
  });

  test('images of two sizes are refused by name, unless a size is asked for', async () => {
    const folder = folderWith('steps.csv', 'image,action\nimages/0-0.png,1\nimages/large.png,1\n');
    cpSync(fixture('large.png'), join(folder, 'images/large.png'));
    const recording = await openRecording(folder);
    await expect(recording.read('image', 0, 2)).rejects.toThrow(
      `${join(folder, 'images/large.png')}: expected an image of 6 x 8 pixels like the first, got 12 x 16`,
    );
    const resized = await openRecording(folder, { imageSize: [6, 8] });
    // Each pixel of large.png is repeated fourfold from image 0-0.
    const rows = await resized.read('image', 0, 2);
    expect(rows.slice(144)).toEqual(rows.slice(0, 144));
  });

  test('two tables are one too many', async () => {
    const folder = folderWith('a.csv', 'action\n1\n');
    writeFileSync(join(folder, 'b.csv'), 'action\n1\n');
    await expect(openRecording(folder)).rejects.toThrow('expected one table of steps, got a.csv, b.csv');
  });
});

import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { JepaError } from '../../src/error.ts';
import { listCheckpoints, newestCheckpoint, readCheckpoint, saveCheckpoint } from '../../src/storage/checkpoint.ts';
import { createFaultyFileSystem, forEachFault } from './faulty-file-system.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Different in every number for every step. */
const contentOf = (step: number) => ({
  weights: new Map([
    ['encoder/kernel', { shape: [2, 2], values: Float32Array.from([step, -step, step / 3, Number.NaN]) }],
    ['__proto__', { shape: [], values: Float32Array.from([step]) }],
  ]),
  optimizer: new Map([['m', { shape: [3], values: Float64Array.from([step, step, 1 / (step + 1)]) }]]),
  state: { schedule: { rate: step / 7 }, names: ['a', 'ü', '\u0000'], '10': true, '9': null },
});

const valuesOf = (arrays: ReadonlyMap<string, { readonly values: ArrayLike<number | bigint> }>) =>
  [...arrays].map(([name, { values }]) => [name, ...Array.from(values)]).sort();

function expectCheckpoint(found: ReturnType<typeof newestCheckpoint>, step: number): void {
  expect(found?.step).toBe(step);
  if (found === undefined) return;
  const expected = contentOf(step);
  expect(valuesOf(found.weights)).toEqual(valuesOf(expected.weights));
  expect(valuesOf(found.optimizer)).toEqual(valuesOf(expected.optimizer));
  expect(found.state).toEqual(expected.state);
}

describe('checkpoints', () => {
  test('the newest by number is read back, every value and every key', async () => {
    const run = temporaryFolder();
    expect(newestCheckpoint(run)).toBeUndefined();
    for (const step of [999_999, 500, 1_000_000]) await saveCheckpoint(run, step, contentOf(step));
    expectCheckpoint(newestCheckpoint(run), 1_000_000);
    expect(readdirSync(join(run, 'checkpoints')).sort()).toEqual(['step-000500', 'step-1000000', 'step-999999']);
    expect(readdirSync(join(run, 'checkpoints', 'step-000500')).sort()).toEqual([
      'optimizer.safetensors',
      'state.json',
      'weights.safetensors',
    ]);
    expectCheckpoint(readCheckpoint(join(run, 'checkpoints', 'step-000500')), 500);
  });

  test('the same step again replaces it, and only the newest few stay', async () => {
    const run = temporaryFolder();
    await saveCheckpoint(run, 1, contentOf(7));
    for (const step of [1, 2, 3]) await saveCheckpoint(run, step, contentOf(step), { keptCount: 2 });
    expect(listCheckpoints(run).map(({ step }) => step)).toEqual([2, 3]);
    expectCheckpoint(newestCheckpoint(run), 3);
  });

  test('the same content gives the same bytes', async () => {
    const [a, b] = [temporaryFolder(), temporaryFolder()];
    for (const run of [a, b]) await saveCheckpoint(run, 5, contentOf(5));
    for (const name of ['weights.safetensors', 'optimizer.safetensors', 'state.json'])
      expect(readFileSync(join(a, 'checkpoints', 'step-000005', name))).toEqual(
        readFileSync(join(b, 'checkpoints', 'step-000005', name)),
      );
  });

  test('a state that JSON would change is refused, and nothing is written', async () => {
    const run = temporaryFolder();
    await expect(saveCheckpoint(run, 1, { ...contentOf(1), state: { loss: Number.NaN } })).rejects.toThrow(
      'checkpoint state loss: expected a finite number, got NaN',
    );
    expect(readdirSync(join(run, 'checkpoints'))).toEqual([]);
  });

  test('every file is on the disk before the folder takes its name', async () => {
    const run = temporaryFolder();
    const { files, calls } = createFaultyFileSystem({ atCall: 0, isLasting: false, code: 'EIO' });
    await saveCheckpoint(run, 1, contentOf(1), { files });
    const renamed = calls.indexOf('renameSync');
    expect(calls.slice(0, renamed).filter((call) => call === 'fsyncSync')).toHaveLength(4);
    expect(calls.lastIndexOf('writeSync')).toBeLessThan(renamed);
    expect(calls.slice(renamed).filter((call) => call === 'fsyncSync')).toHaveLength(1);
  });
});

describe('a harmed checkpoint', () => {
  test('any one flipped bit in any file is found, named, and the previous checkpoint taken', async () => {
    const run = temporaryFolder();
    for (const step of [1, 2]) await saveCheckpoint(run, step, contentOf(step));
    const folder = join(run, 'checkpoints', 'step-000002');
    let flips = 0;
    for (const name of readdirSync(folder)) {
      const original = readFileSync(join(folder, name));
      for (let i = 0; i < original.byteLength; i += name === 'state.json' ? 7 : 1) {
        const harmed = Buffer.from(original);
        harmed[i] ^= 1 << (i % 8);
        writeFileSync(join(folder, name), harmed);
        const warnings: string[] = [];
        expect(newestCheckpoint(run, { onWarning: (warning) => warnings.push(warning) })?.step).toBe(1);
        expect(warnings).toHaveLength(1);
        expect(warnings[0]).toContain(join(folder, name));
        flips++;
      }
      writeFileSync(join(folder, name), original);
    }
    expect(flips).toBeGreaterThan(400);
    expectCheckpoint(newestCheckpoint(run), 2);
  });

  test('the message names the array whose bytes changed', async () => {
    const run = temporaryFolder();
    const folder = await saveCheckpoint(run, 2, contentOf(2));
    const path = join(folder, 'weights.safetensors');
    const bytes = readFileSync(path);
    bytes[bytes.byteLength - 1] ^= 4;
    writeFileSync(path, bytes);
    expect(() => readCheckpoint(folder)).toThrow(
      /^.*weights\.safetensors: expected CRC-32 [0-9a-f]{8} of array encoder\/kernel, got [0-9a-f]{8}$/,
    );
  });

  test.each([
    [
      'a missing file',
      (folder: string) => rmSync(join(folder, 'optimizer.safetensors')),
      /optimizer\.safetensors: expected a readable file, got ENOENT/,
    ],
    [
      'a truncated file',
      (folder: string) => truncateSync(join(folder, 'weights.safetensors'), 40),
      /weights\.safetensors: expected \d+ bytes, got 40/,
    ],
    [
      'a truncated state',
      (folder: string) => truncateSync(join(folder, 'state.json'), 100),
      /state\.json: expected a state that ends with its checksum, got 100 characters/,
    ],
    [
      'an empty folder',
      (folder: string) => {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
      },
      /state\.json: expected a readable file, got ENOENT/,
    ],
    [
      'a file in its place',
      (folder: string) => {
        rmSync(folder, { recursive: true });
        writeFileSync(folder, '');
      },
      /state\.json: expected a readable file, got ENOTDIR/,
    ],
    [
      'the checkpoint of another step',
      (folder: string) => {
        rmSync(folder, { recursive: true });
        cpSync(join(folder, '../step-000001'), folder, { recursive: true });
      },
      /state\.json: expected the step of step-000002, got 1/,
    ],
  ])('%s is passed over with a warning', async (_what, harm, warning) => {
    const run = temporaryFolder();
    for (const step of [1, 2]) await saveCheckpoint(run, step, contentOf(step));
    harm(join(run, 'checkpoints', 'step-000002'));
    const warnings: string[] = [];
    expectCheckpoint(newestCheckpoint(run, { onWarning: (text) => warnings.push(text) }), 1);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(warning);
  });

  test('one that is out of reach for now is an error, not a reason to go back', async () => {
    const run = temporaryFolder();
    for (const step of [1, 2]) await saveCheckpoint(run, step, contentOf(step));
    const { files } = createFaultyFileSystem({ atCall: 4, isLasting: true, code: 'EMFILE' });
    expect(() => newestCheckpoint(run, { files })).toThrow(/expected a readable file, got EMFILE/);
  });
});

test('a fault at any call of saving (once, or lasting as after a kill) costs at most the new checkpoint', async () => {
  const run = temporaryFolder();
  const failedRuns = await forEachFault(
    async (files) => {
      rmSync(join(run, 'checkpoints'), { recursive: true, force: true });
      for (const step of [1, 2]) await saveCheckpoint(run, step, contentOf(step), { keptCount: 2 });
      await saveCheckpoint(run, 3, contentOf(3), { keptCount: 2, files });
    },
    (fault, error) => {
      const newest = newestCheckpoint(run);
      if (newest?.step === 3) expectCheckpoint(newest, 3);
      else {
        expectCheckpoint(newest, 2);
        expect(error).toBeInstanceOf(JepaError);
        expect((error as JepaError).message).toMatch(new RegExp(`step-000003: expected to .*, got ${fault.code} \\(`));
        expect((error as JepaError).remedy).toBeDefined();
      }
      const leftovers = readdirSync(join(run, 'checkpoints')).filter((name) => name.startsWith('.'));
      if (!fault.isLasting) expect(leftovers).toEqual([]);
    },
  );
  expect(failedRuns).toBeGreaterThan(25);
});

test.each([
  ['text that is no JSON', undefined, "expected a checkpoint's state in JSON, got: "],
  ['JSON nested thousands deep', `{"a":${'['.repeat(50_000)}`, "expected a checkpoint's state in JSON, got: "],
])('%s under a valid seal is passed over for the older checkpoint', async (_what, body, message) => {
  const run = temporaryFolder();
  await saveCheckpoint(run, 1, { weights: new Map(), optimizer: new Map(), state: {} });
  const forged = join(run, 'checkpoints', 'step-000002');
  cpSync(join(import.meta.dirname, '..', 'fixtures', 'storage', 'sealed-not-json'), forged, { recursive: true });
  if (body !== undefined)
    writeFileSync(
      join(forged, 'state.json'),
      `${body},\n  "sha256": "${createHash('sha256').update(body).digest('hex')}"\n}\n`,
    );
  const warnings: string[] = [];
  expect(newestCheckpoint(run, { onWarning: (warning) => warnings.push(warning) })?.step).toBe(1);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(`${join(forged, 'state.json')}: ${message}`);
});

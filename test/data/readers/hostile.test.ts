// Recordings that contradict themselves, or that bring the decoders of others down: refused in one line that says where.
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { inspectRecording } from '../../../src/data/inspection.ts';
import { openRecording } from '../../../src/data/readers/index.ts';
import { encodeNpyHeader } from '../../../src/data/readers/npy.ts';
import { type OpenOptions, rowCountOf } from '../../../src/data/recording.ts';
import { FormatError } from '../../../src/error.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { fixture } from '../small-recording.ts';
import { buildZip, type ZipPart } from './zip-builder.ts';

const hostile = (name: string) => join(import.meta.dirname, '../../fixtures/hostile-recordings', name);

async function open(path: string, options: OpenOptions = {}) {
  const recording = await openRecording(path, options);
  onTestFinished(() => recording.dispose());
  return recording;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('decoders of others are watched', () => {
  test('an HDF5 file that keeps the library busy for ever is given up, and other recordings go on', async () => {
    const good = await open(fixture('d4rl.hdf5'));
    const before = await good.read('actions', 0, 14);
    vi.stubEnv('JEPA_ONNX_DECODE_SECONDS', '1');
    const endless = openRecording(hostile('endless.h5'));
    await expect(endless).rejects.toThrow(FormatError);
    await expect(endless).rejects.toThrow(/endless\.h5: expected to decode it, got no end in 1 s/);
    // What is no hostile file has all the time that a busy machine takes.
    vi.unstubAllEnvs();
    expect(await good.read('actions', 0, 14)).toEqual(before);
  }, 60_000);

  test.each([
    ['nameless-column.parquet', /nameless-column\.parquet: expected a name for each column/],
    ['lerobot-2e31', /info\.json next\.reward: expected at most \d+ numbers in a row, got a claim of 2147483648/],
    [
      'lerobot-int64-float',
      /episode_000000\.parquet observation\.state: expected int64 as meta\/info\.json says, got float/,
    ],
  ])('%s is refused in one line', async (name, message) => {
    const opening = openRecording(hostile(name));
    await expect(opening).rejects.toThrow(FormatError);
    await expect(opening).rejects.toThrow(message);
  });
});

describe('a LeRobot data set is compared with what it says of itself', () => {
  const lengthsOf = async (path: string) => {
    const recording = await open(path);
    const action = recording.columns.get('action');
    return {
      notes: recording.notes,
      lengths: action && Array.from({ length: recording.episodeCount }, (_, e) => rowCountOf(action, e)),
      episodes: Array.from(await recording.read('episode_index', 0, 19), Number),
    };
  };
  const episodes = [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3];

  test('rows of episodes that are out of order are put in order, with a note', async () => {
    const found = await lengthsOf(hostile('lerobot-rows-swapped'));
    expect(found.lengths).toEqual([3, 5, 7, 4]);
    expect(found.episodes).toEqual(episodes);
    expect(found.notes).toEqual([expect.stringMatching(/meta\/episodes: episodes out of order/)]);
  });

  test('tables of episodes that are not numbered one after the other are all read', async () => {
    const found = await lengthsOf(hostile('lerobot-gap'));
    expect(found.lengths).toEqual([3, 5, 7, 4]);
    expect(found.episodes).toEqual(episodes);
  });

  function changed(name: string, change: (folder: string) => void): string {
    const folder = join(temporaryFolder(), 'recording');
    cpSync(hostile(name), folder, { recursive: true });
    change(folder);
    return folder;
  }
  function withInfo(folder: string, change: (info: Record<string, unknown>) => void): void {
    const path = join(folder, 'meta/info.json');
    const info = JSON.parse(readFileSync(path, 'utf8'));
    change(info);
    writeFileSync(path, JSON.stringify(info));
  }

  test('a table of episodes that is missing', async () => {
    const folder = changed('lerobot-gap', (path) => rmSync(join(path, 'meta/episodes/chunk-000/file-002.parquet')));
    await expect(openRecording(folder)).rejects.toThrow(
      /info\.json: expected 4 episodes \(total_episodes\) in meta\/, got 2/,
    );
  });

  test('a table of episodes that is missing before others', async () => {
    const folder = changed('lerobot-gap', (path) => rmSync(join(path, 'meta/episodes/chunk-000/file-000.parquet')));
    await expect(openRecording(folder)).rejects.toThrow(/expected episode 2 to go from 0 to 7 .* got 8 to 15/);
  });

  test('a total of steps that is another', async () => {
    const folder = changed('lerobot-gap', (path) =>
      withInfo(path, (info) => {
        info.total_frames = 20;
      }),
    );
    await expect(openRecording(folder)).rejects.toThrow(/expected 20 steps \(total_frames\) .* got episodes of 19/);
  });

  test('data files that belong to other episodes', async () => {
    const folder = changed('lerobot-int64-float', (path) => {
      withInfo(path, (info) => {
        Object.assign(Object(Object(info.features)['observation.state']), { dtype: 'float32' });
      });
      const [a, b, c] = ['episode_000000.parquet', 'episode_000001.parquet', 'c'].map((name) =>
        join(path, 'data/chunk-000', name),
      );
      renameSync(a, c);
      renameSync(b, a);
      renameSync(c, b);
    });
    await expect(openRecording(folder)).rejects.toThrow(
      /episode_000000\.parquet episode_index row 0: expected episode 0 as meta\/ says, got 1/,
    );
  });

  test('a template of a billion digits', async () => {
    const folder = changed('lerobot-gap', (path) =>
      withInfo(path, (info) => {
        info.data_path = 'data/chunk-{chunk_index:03d}/file-{file_index:0999999999d}.parquet';
      }),
    );
    await expect(openRecording(folder)).rejects.toThrow(
      /expected at most 20 digits .* got \{file_index\} of 999999999/,
    );
  });

  test('a depth video is left out by name', async () => {
    const folder = join(temporaryFolder(), 'recording');
    cpSync(fixture('lerobot-3.0'), folder, { recursive: true });
    withInfo(folder, (info) => {
      Object.assign(Object(Object(info.features)['observation.video']), {
        info: { 'video.pix_fmt': 'gray12le', 'video.is_depth_map': true },
      });
    });
    const recording = await open(folder);
    expect(recording.columns.has('observation.video')).toBe(false);
    expect(recording.notes).toContain(
      'observation.video: a video of depth, gray12le, which is more than 8 bits a pixel, left out',
    );
  });

  test('a pointer of Git LFS instead of the description', async () => {
    const folder = changed('lerobot-gap', (path) =>
      writeFileSync(join(path, 'meta/info.json'), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n'),
    );
    await expect(openRecording(folder)).rejects.toThrow(/info\.json: expected .*, got a pointer of Git LFS/);
  });
});

function floats(name: string, shape: readonly number[]): ZipPart {
  const count = shape.reduce((product, side) => product * side, 1);
  const values = Float32Array.from({ length: count }, (_, i) => i);
  return {
    name: `${name}.npy`,
    content: Buffer.concat([encodeNpyHeader('float32', shape), Buffer.from(values.buffer)]),
  };
}
function flags(name: string, values: readonly number[]): ZipPart {
  return {
    name: `${name}.npy`,
    content: Buffer.concat([encodeNpyHeader('bool', [values.length]), Buffer.from(values)]),
  };
}
/** An array of a type that is not written here. */
function foreign(name: string, descr: string, shape: string, bytes: Uint8Array): ZipPart {
  const text = `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`;
  const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  return { name: `${name}.npy`, content: Buffer.concat([head, Buffer.from(text), bytes]) };
}
function npz(parts: readonly ZipPart[]): string {
  const path = join(temporaryFolder(), 'recording.npz');
  writeFileSync(path, buildZip(parts));
  return path;
}

describe('flags of episodes', () => {
  const steps = [floats('observations', [6, 2]), floats('actions', [6, 1])];
  const startsOf = async (parts: readonly ZipPart[]) => {
    const recording = await open(npz([...steps, ...parts]));
    return Array.from(recording.columns.get('actions')?.starts ?? []);
  };

  test.each([
    ['is_first', [flags('is_first', [1, 0, 0, 1, 0, 0])]],
    ['episode_starts', [flags('episode_starts', [1, 0, 0, 1, 0, 0])]],
    ['is_last', [flags('is_last', [0, 0, 1, 0, 0, 1])]],
    ['is_terminal', [flags('is_terminal', [0, 0, 1, 0, 0, 1])]],
    ['is_first and is_last', [flags('is_first', [1, 0, 0, 1, 0, 0]), flags('is_last', [0, 0, 1, 0, 0, 0])]],
    // Cut off after the third step, which no terminal says.
    ['is_first and is_terminal', [flags('is_first', [1, 0, 0, 1, 0, 0]), flags('is_terminal', [0, 0, 0, 0, 0, 1])]],
  ])('%s', async (_name, parts) => {
    expect(await startsOf(parts)).toEqual([0, 3, 6]);
  });

  test.each([
    [[flags('is_first', [0, 0, 0, 1, 0, 0])], /is_first row 0: expected the first step of an episode/],
    [
      [flags('is_first', [1, 0, 0, 1, 0, 0]), flags('is_last', [0, 1, 0, 0, 0, 1])],
      /is_last row 1: expected no last step .* got 1/,
    ],
  ])('that contradict themselves or each other are refused', async (parts, message) => {
    await expect(startsOf(parts)).rejects.toThrow(message);
  });
});

describe('an odd part is left out with a note', () => {
  test.each([
    ["'|O'", 'Python objects'],
    ["'<M8[ns]'", 'times (M8[ns])'],
    ["'<c16'", 'complex numbers'],
    ["[('a', '<f4'), ('b', '<i4')]", 'a structure of several fields'],
  ])('%s', async (descr, what) => {
    const other = foreign('extra', descr, '(6,)', new Uint8Array(96));
    const recording = await open(npz([floats('observations', [6, 2]), floats('actions', [6, 1]), other]));
    expect([...recording.columns.keys()]).toEqual(['observations', 'actions']);
    expect(recording.notes[0]).toContain(`extra: ${what}`);
  });

  test('but not where it is what is observed', async () => {
    const objects = foreign('observations', "'|O'", '(6,)', new Uint8Array(96));
    await expect(openRecording(npz([objects, floats('actions', [6, 1])]))).rejects.toThrow(
      /observations\.npy: expected plain numbers, got Python objects/,
    );
  });

  test('images of 16 bits, and not where it is what is observed alone', async () => {
    const folder = temporaryFolder();
    const deep = encode({
      width: 8,
      height: 8,
      channels: 1,
      depth: 16,
      data: Uint16Array.from({ length: 64 }, (_, i) => i * 1000),
    });
    const plain = encode({ width: 8, height: 8, channels: 1, depth: 8, data: new Uint8Array(64) });
    writeFileSync(join(folder, 'deep.png'), deep);
    writeFileSync(join(folder, 'plain.png'), plain);
    writeFileSync(join(folder, 'steps.csv'), 'image,depth,action\nplain.png,deep.png,0\nplain.png,deep.png,1\n');
    const recording = await open(folder);
    expect([...recording.columns.keys()].sort()).toEqual(['action', 'image']);
    expect(recording.notes).toContain('depth: images of 16 bits a channel (depths?), left out');
  });

  test('8 bits that were stretched to 16 are kept', async () => {
    const folder = temporaryFolder();
    const data = Uint16Array.from({ length: 64 }, (_, i) => i * 257);
    writeFileSync(join(folder, 'a.png'), encode({ width: 8, height: 8, channels: 1, depth: 16, data }));
    writeFileSync(join(folder, 'steps.csv'), 'image,action\na.png,0\na.png,1\n');
    const recording = await open(folder);
    expect(Array.from(await recording.read('image', 0, 1), Number)).toEqual(Array.from({ length: 64 }, (_, i) => i));
  });
});

describe('labelled images without actions', () => {
  function picture(path: string, value: number): void {
    writeFileSync(path, encode({ width: 8, height: 8, channels: 3, depth: 8, data: new Uint8Array(192).fill(value) }));
  }

  test('a folder for each class is a recording, and inspect gives the command that evaluates', async () => {
    const folder = temporaryFolder();
    for (const [i, name] of ['dog', 'cat'].entries()) {
      mkdirSync(join(folder, name));
      for (let n = 0; n < 3; n++) picture(join(folder, name, `${n}.png`), 100 * i + n);
    }
    const recording = await open(folder);
    expect(recording.format).toBe('images by class');
    expect(recording.columns.get('class')?.labels).toEqual(['cat', 'dog']);
    expect(Array.from(await recording.read('class', 0, 6), Number)).toEqual([0, 0, 0, 1, 1, 1]);
    const images = await recording.read('image', 0, 6);
    expect([0, 1, 2, 3, 4, 5].map((row) => images[row * 192])).toEqual([100, 101, 102, 0, 1, 2]);
    const found = await inspectRecording(recording);
    expect(found.command).toBeUndefined();
    expect(found.evaluateCommand).toBe(`jepa evaluate encoder.onnx --data ${folder} --classes column:class`);
  });

  test('a table of files and labels needs no flag', async () => {
    const folder = temporaryFolder();
    for (let n = 0; n < 4; n++) picture(join(folder, `${n}.png`), n);
    writeFileSync(join(folder, 'list.csv'), 'file,label\n0.png,left\n1.png,right\n2.png,left\n3.png,right\n');
    const recording = await open(folder);
    expect(recording.roles.observation).toEqual(['file']);
    expect(recording.columns.get('label')?.labels).toEqual(['left', 'right']);
    expect(Array.from(await recording.read('label', 0, 4), Number)).toEqual([0, 1, 0, 1]);
    const found = await inspectRecording(recording);
    expect(found.evaluateCommand).toMatch(/^jepa evaluate encoder\.onnx --data .* --classes column:label$/);
  });

  test('text of NumPy in both widths is classes', async () => {
    const wide = Buffer.alloc(6 * 12);
    for (const [row, text] of ['ü', 'ab', 'ü', 'ab', 'c', 'c'].entries())
      for (const [i, letter] of [...text].entries()) wide.writeUInt32LE(letter.codePointAt(0) ?? 0, row * 12 + i * 4);
    const recording = await open(
      npz([
        floats('observations', [6, 2]),
        foreign('label', "'<U3'", '(6,)', wide),
        foreign('narrow', "'|S2'", '(6,)', Buffer.from('b\0a\0b\0a\0b\0a\0', 'latin1')),
      ]),
    );
    expect(recording.columns.get('label')?.labels).toEqual(['ab', 'c', 'ü']);
    expect(Array.from(await recording.read('label', 0, 6), Number)).toEqual([2, 0, 2, 0, 1, 1]);
    expect(Array.from(await recording.read('narrow', 0, 6), Number)).toEqual([1, 0, 1, 0, 1, 0]);
  });
});

describe('what is no recording is named, with the way out', () => {
  test.each([
    ['a.arrow', 'ARROW1\0\0', /got an Arrow file .*/, /Parquet/],
    ['a.h5', 'version https://git-lfs.github.com/spec/v1\n', /got a pointer of Git LFS/, /git lfs pull/],
    ['a.npy', '\x93NUMPY\x01\0', /got a single NumPy array/, /savez/],
    ['a.pkl', '\x80\x04\x95', /got a pickle/, /savez/],
    ['a.csv', '0.5,1.5\n1,2\n', /expected a first line of names, got numbers: 0\.5, 1\.5/, /Write the names/],
    ['a.tsv', 'file\tlabel\n', /got a table with tabs/, /Write it with commas/],
    ['a.npz', '', /got an empty file/, /again/],
  ])('%s', async (name, content, message, remedy) => {
    const path = join(temporaryFolder(), name);
    writeFileSync(path, Buffer.from(content, 'latin1'));
    const opening = openRecording(path);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toMatchObject({ remedy: expect.stringMatching(remedy) });
  });

  test('an empty folder, and one of Arrow files', async () => {
    const folder = temporaryFolder();
    await expect(openRecording(folder)).rejects.toThrow(/got an empty folder/);
    writeFileSync(join(folder, 'data-00000-of-00001.arrow'), 'ARROW1');
    await expect(openRecording(folder)).rejects.toThrow(/got a folder of Arrow files/);
  });

  test('a recording without a step is not praised', async () => {
    const found = await inspectRecording(await open(npz([floats('observations', [0, 2]), floats('actions', [0, 1])])));
    expect(found.command).toBeUndefined();
    expect(found.findings).toContain('no transitions: there is nothing to train on');
  });
});

describe('what is claimed is compared before memory is taken for it', () => {
  test('an archive whose entries together are a bomb', async () => {
    // Each for itself could be true: 750 times what is stored.
    const stored = new Uint8Array(400_000);
    const parts = ['a', 'b', 'c', 'd'].map(
      (name): ZipPart => ({
        name: `${name}.npy`,
        content: new Uint8Array(0),
        claim: { bytes: 300_000_000, method: 8 },
        stored: () => stored,
      }),
    );
    await expect(openRecording(npz(parts))).rejects.toThrow(/expected at most 100 times .* \(a zip bomb\)/);
  });

  test('a PNG image of 200 bytes that claims 200 million pixels', async () => {
    const folder = temporaryFolder();
    const png = Buffer.from(encode({ width: 8, height: 8, channels: 1, depth: 8, data: new Uint8Array(64) }));
    png.writeUInt32BE(33_554_438, 16);
    png.writeUInt32BE(6, 20);
    writeFileSync(join(folder, 'a.png'), png);
    writeFileSync(join(folder, 'steps.csv'), 'image,action\na.png,0\na.png,1\n');
    await expect(openRecording(folder)).rejects.toThrow(/expected at most 1032 times .* got a claim of 33554438 x 6/);
  });
});

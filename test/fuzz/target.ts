// What is fuzzed: for every reader of files that others wrote, how a mutant is made and how it is read.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { buildOnnx, describeSaved, encodeModel } from '../../export/index.ts';
import { inspectOnnx } from '../../export/inspect.ts';
import { decodeImageFile } from '../../src/data/image/file.ts';
import { openRecording } from '../../src/data/readers/index.ts';
import { encodeNpyHeader } from '../../src/data/readers/npy.ts';
import { totalRowsOf } from '../../src/data/recording.ts';
import { UnavailableError } from '../../src/error.ts';
import { readExportDescription } from '../../src/storage/export-description.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/storage/safetensors.ts';
import { listZipEntries, verifyZipEntry } from '../../src/storage/zip.ts';
import { readConfiguration } from '../cli/read-configuration.ts';
import { buildZip } from '../data/readers/zip-builder.ts';
import { kerasArchive, kerasHdf5 } from './keras-target.ts';
import { type Generator, mutateBytes, mutateText } from './mutate.ts';
import { checkpoint, metrics } from './run-target.ts';

export interface FuzzTarget {
  readonly name: string;
  /** Puts a mutant at `path`, a file or a folder that is not there yet. */
  write(path: string, generator: Generator): void;
  /** Reads all of it. Must throw nothing but a JepaError. */
  read(path: string): Promise<void>;
}

const NO_FFMPEG = 'no-such-ffmpeg';
const fixtures = join(import.meta.dirname, '../fixtures');
const pick = <Item>(items: readonly Item[], generator: Generator): Item => items[generator.below(items.length)];

function bytesTarget(name: string, files: readonly string[], read: FuzzTarget['read']): FuzzTarget {
  return {
    name,
    write(path, generator) {
      writeFileSync(path, mutateBytes(readFileSync(join(fixtures, pick(files, generator))), generator));
    },
    read,
  };
}

/** A folder of which one file, drawn from those named, is changed. */
function folderTarget(name: string, folder: string, files: readonly string[]): FuzzTarget {
  return {
    name,
    write(path, generator) {
      cpSync(join(fixtures, folder), path, { recursive: true });
      const file = join(path, pick(files, generator));
      if (/\.(jsonl?|csv)$/.test(file)) writeFileSync(file, mutateText(readFileSync(file, 'utf8'), generator));
      else writeFileSync(file, mutateBytes(readFileSync(file), generator));
    },
    read: readRecording,
  };
}

/** Every column of it, from the first row to the last; videos, whose program is not there, end at its absence. */
async function readRecording(path: string): Promise<void> {
  const recording = await openRecording(path, { ffmpeg: NO_FFMPEG });
  try {
    for (const column of recording.columns.values()) {
      const rows = totalRowsOf(column);
      try {
        for (let from = 0; from < Math.min(rows, 4096); from += 64)
          await recording.read(column.name, from, Math.min(rows, from + 64));
      } catch (error) {
        if (!(error instanceof UnavailableError && error.message.includes(NO_FFMPEG))) throw error;
      }
    }
  } finally {
    await recording.dispose();
  }
}

/** An array whose header is changed, in an archive that is whole, since a checksum would end all others. */
const npy: FuzzTarget = {
  name: 'npy',
  write(path, generator) {
    const array = Buffer.concat([encodeNpyHeader('float32', [12, 2]), new Uint8Array(96)]);
    const content =
      generator.below(2) === 0
        ? mutateBytes(array, generator)
        : Buffer.from(mutateText(Buffer.from(array).toString('latin1'), generator), 'latin1');
    const actions = Buffer.concat([encodeNpyHeader('float32', [12]), new Uint8Array(48)]);
    writeFileSync(
      path,
      buildZip([
        { name: pick(['observations.npy', 'other.npy'], generator), content, isDeflated: generator.below(2) === 0 },
        { name: 'actions.npy', content: actions },
      ]),
    );
  },
  read: readRecording,
};

/** With checksums that are right, so that the decoder gets to see what is inside. */
const png: FuzzTarget = {
  name: 'png',
  write(path, generator) {
    const file = pick(['folder-csv/images/0-0.png', 'folder-csv/images/2-8.png', 'large.png'], generator);
    const bytes = mutateBytes(readFileSync(join(fixtures, 'recordings', file)), generator);
    const view = Buffer.from(bytes);
    if (generator.below(4) > 0)
      for (let at = 8; at + 12 <= view.length; ) {
        const end = at + 8 + view.readUInt32BE(at);
        if (end + 4 > view.length) break;
        view.writeUInt32BE(crc32(view.subarray(at + 4, end)), end);
        at = end + 4;
      }
    writeFileSync(path, view);
  },
  async read(path) {
    await decodeImageFile(readFileSync(path), path);
  },
};

const zip: FuzzTarget = {
  ...bytesTarget('zip', ['recordings/compressed.npz', 'recordings/stored.npz'], async (path) => {
    for (const entry of await listZipEntries(path)) await verifyZipEntry(path, entry);
  }),
};

const safetensors = bytesTarget('safetensors', ['storage/python.safetensors'], async (path) => {
  decodeSafetensors(readFileSync(path), path);
});

const onnx = bytesTarget('onnx', ['foreign-encoder/numbers.onnx', 'foreign-encoder/quarters.onnx'], async (path) => {
  inspectOnnx(readFileSync(path), path);
});

/** A layers model by its text; the weights are as long as they should be. */
const layersModel: FuzzTarget = {
  name: 'layers model',
  write(path, generator) {
    const dense = {
      class_name: 'Dense',
      config: { name: 'd', units: 2, activation: 'relu', batch_input_shape: [null, 3] },
    };
    const json = {
      modelTopology: { class_name: 'Sequential', config: { name: 's', layers: [dense] } },
      weightsManifest: [
        {
          paths: ['weights.bin'],
          weights: [
            { name: 'd/kernel', shape: [3, 2], dtype: 'float32' },
            { name: 'd/bias', shape: [2], dtype: 'float32' },
          ],
        },
      ],
    };
    writeFileSync(path, mutateText(JSON.stringify(json, undefined, 1), generator));
  },
  async read(path) {
    const text = readFileSync(path, 'utf8');
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      // The command refuses it before the reader sees it.
      return;
    }
    encodeModel(buildOnnx(describeSaved(json, () => new Uint8Array(32), path).description, { layout: 'model' }));
  },
};

const configuration: FuzzTarget = {
  name: 'configuration',
  write(path, generator) {
    // As a user would write it: only a run's own file says its format.
    const { format: _format, ...configured } = JSON.parse(
      readFileSync(join(fixtures, 'training/first-config.json'), 'utf8'),
    );
    writeFileSync(path, mutateText(JSON.stringify(configured, undefined, 2), generator));
  },
  read: readConfiguration,
};

const exportDescription: FuzzTarget = {
  name: 'export description',
  write(path, generator) {
    mkdirSync(path, { recursive: true });
    const image = { name: 'observation', layout: 'nchw', type: 'float32', height: 64, width: 64, channels: 3 };
    const description = {
      format: 1,
      run: 'a',
      step: 1000,
      configuration: { environment: { name: 'counting' }, seed: 0 },
      encoder: { file: 'encoder.onnx', input: image, output: { name: 'latent', size: 64 } },
      predictor: {
        file: 'predictor.onnx',
        inputs: { latent: 'latent', action: 'action' },
        actionSize: 2,
        output: { name: 'next_latent' },
      },
    };
    writeFileSync(join(path, 'export.json'), mutateText(JSON.stringify(description, undefined, 1), generator));
  },
  async read(path) {
    readExportDescription(path);
  },
};

/** Arrays in a header of text that is changed as text. */
const safetensorsHeader: FuzzTarget = {
  name: 'safetensors header',
  write(path, generator) {
    const whole = Buffer.from(
      encodeSafetensors(new Map([['a', { shape: [2, 3], values: new Float32Array(6) }]]), new Map([['k', 'v']])),
    );
    const length = Number(whole.readBigUInt64LE(0));
    const header = Buffer.from(mutateText(whole.subarray(8, 8 + length).toString(), generator));
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(path, Buffer.concat([prefix, header, whole.subarray(8 + length)]));
  },
  read: safetensors.read,
};

const parquetFiles = ['images.parquet', 'images-zstd.parquet'].map((name) => join('recordings', name));
const hdf5Files = ['d4rl.hdf5', 'filters.hdf5', 'stable-worldmodel.h5'].map((name) => join('recordings', name));

export const targets: readonly FuzzTarget[] = [
  npy,
  bytesTarget('npz', ['recordings/stored.npz', 'recordings/compressed.npz'], readRecording),
  zip,
  bytesTarget('hdf5', hdf5Files, readRecording),
  bytesTarget('parquet', parquetFiles, readRecording),
  folderTarget('lerobot 2', 'recordings/lerobot-2.1', [
    'meta/info.json',
    'meta/episodes.jsonl',
    'data/chunk-000/episode_000000.parquet',
  ]),
  folderTarget('lerobot 3', 'recordings/lerobot-3.0', [
    'meta/info.json',
    'meta/episodes/chunk-000/file-000.parquet',
    'data/chunk-000/file-000.parquet',
  ]),
  folderTarget('images with csv', 'recordings/folder-csv', ['steps.csv', 'images/0-0.png', 'images/2-8.png']),
  folderTarget('images with jsonl', 'recordings/folder-jsonl', ['steps.jsonl']),
  folderTarget('minari', 'recordings/minari', ['data/main_data.hdf5']),
  png,
  safetensors,
  safetensorsHeader,
  onnx,
  layersModel,
  kerasArchive,
  kerasHdf5,
  configuration,
  exportDescription,
  checkpoint,
  metrics,
];

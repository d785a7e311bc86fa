// Keras' own files, `.keras` (a zip of the configuration and an HDF5 file of weights) and `.h5`, in the form of a saved
// TensorFlow.js model, which describeSaved reads. Needs Node; nothing here is imported by index.ts.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeHdf5Arrays } from '../src/data/decoding/decoder-thread.ts';
import type { Hdf5Array } from '../src/data/readers/hdf5/arrays.ts';
import { FormatError } from '../src/error.ts';
import { makeScratch, removeScratch } from '../src/storage/scratch.ts';
import { listZipEntries, readExactly, verifyZipEntry, type ZipEntry } from '../src/storage/zip.ts';

/** A saved model in memory: what model.json would say, and the files that it would name. */
export interface SavedFiles {
  readonly json: {
    readonly modelTopology: Readonly<Record<string, unknown>>;
    readonly weightsManifest: readonly unknown[];
  };
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** 2 or 3. */
  readonly kerasVersion: number;
}

/** @throws FormatError where the file is not one that Keras has saved with its topology. */
export async function readKerasFile(path: string, where: string): Promise<SavedFiles> {
  const head = firstBytes(path);
  if (head.startsWith('PK')) return readArchive(path, where);
  if (head.startsWith('\x89HDF')) return readLegacy(path, where);
  throw new FormatError(`${where}: expected a file of Keras (a zip archive or HDF5), got another format`, {
    remedy: 'Save the model again: model.save("model.keras").',
  });
}

/** Whether the file begins as one of Keras' two kinds does. */
export function isKerasFile(path: string): boolean {
  const head = firstBytes(path);
  return head.startsWith('PK') || head.startsWith('\x89HDF');
}

function firstBytes(path: string): string {
  const descriptor = openSync(path, 'r');
  try {
    return Buffer.from(readExactly(descriptor, 0, 4, path)).toString('latin1');
  } catch (error) {
    if (error instanceof FormatError) return '';
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

const archiveParts = ['config.json', 'metadata.json', 'model.weights.h5'];

async function readArchive(path: string, where: string): Promise<SavedFiles> {
  const entries = await listZipEntries(path, (name) => archiveParts.includes(name));
  const entry = (name: string): ZipEntry => {
    const found = entries.find((each) => each.name === name);
    if (found === undefined)
      throw new FormatError(
        `${where}: expected ${name} in the archive, got ${entries.map((each) => each.name).join(', ') || 'none of its parts'}`,
        {
          remedy: 'Name a file that model.save("model.keras") has written.',
        },
      );
    return found;
  };
  const folder = makeScratch('keras');
  try {
    const unpack = async (name: string): Promise<string> => {
      const target = join(folder, name);
      await verifyZipEntry(path, entry(name), { target });
      return target;
    };
    const json = async (name: string): Promise<unknown> =>
      parsed(readFileSync(await unpack(name), 'utf8'), `${where} ${name}`);
    const [config, metadata] = [await json('config.json'), await json('metadata.json')];
    const version =
      typeof metadata === 'object' && metadata !== null && 'keras_version' in metadata
        ? String(metadata.keras_version)
        : '3';
    const { arrays } = await decodeHdf5Arrays(await unpack('model.weights.h5'), `${where} model.weights.h5`);
    return savedFiles({ keras_version: version, model_config: config }, arrays);
  } finally {
    removeScratch(folder);
  }
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${where}: expected JSON, got text that is none`, { cause });
  }
}

/** HDF5 of Keras 2 and 3: the topology in an attribute, weights as model_weights/layer/name. */
async function readLegacy(path: string, where: string): Promise<SavedFiles> {
  const { arrays, attributes } = await decodeHdf5Arrays(path, where);
  if (attributes.model_config === undefined)
    throw new FormatError(
      `${where}: expected the topology of a model (the attribute model_config), got weights alone`,
      {
        remedy: 'Save the whole model: model.save("model.keras").',
      },
    );
  const weights = arrays.flatMap((array) => {
    const [, group, name] = /^model_weights\/([^/]+)\/(.+)$/.exec(array.path) ?? [];
    return name === undefined ? [] : [{ ...array, group, path: name.replace(/:\d+$/, '') }];
  });
  // Layers of nested models may have the names of others: then the group tells them apart.
  const names = new Set(weights.map(({ path }) => path));
  const whole =
    names.size === weights.length ? weights : weights.map((weight) => ({ ...weight, path: grouped(weight) }));
  const version = attributes.keras_version ?? '2';
  return savedFiles(
    { keras_version: version, model_config: parsed(attributes.model_config, `${where} model_config`) },
    whole,
  );
}

function grouped({ group, path }: { readonly group: string; readonly path: string }): string {
  return path.startsWith(`${group}/`) ? path : `${group}/${path}`;
}

function savedFiles(topology: SavedFiles['json']['modelTopology'], arrays: readonly Hdf5Array[]): SavedFiles {
  const files = new Map<string, Uint8Array>();
  const weightsManifest = arrays.map(({ path, shape, data }, i) => {
    const name = `${i}.bin`;
    files.set(name, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const dtype = data instanceof Int32Array ? 'int32' : 'float32';
    return { paths: [name], weights: [{ name: path, shape, dtype }] };
  });
  const kerasVersion = Number.parseInt(String(topology.keras_version), 10) >= 3 ? 3 : 2;
  return { json: { modelTopology: topology, weightsManifest }, files, kerasVersion };
}

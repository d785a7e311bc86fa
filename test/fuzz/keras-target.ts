// What is fuzzed of Keras' files: the archive with its parts changed inside, and HDF5 with everything in it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOnnx, describeSaved, encodeModel } from '../../export/index.ts';
import { readKerasFile } from '../../export/keras-file.ts';
import { FormatError } from '../../src/error.ts';
import { listZipEntries, verifyZipEntry } from '../../src/storage/zip.ts';
import { buildZip } from '../data/readers/zip-builder.ts';
import { mutateBytes, mutateText } from './mutate.ts';
import type { FuzzTarget } from './target.ts';

const fixtures = join(import.meta.dirname, '../fixtures/keras');

async function readKeras(path: string): Promise<void> {
  const { json, files } = await readKerasFile(path, path);
  const readShard = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new FormatError(`${path}: expected ${name}, got nothing of that name`);
    return bytes;
  };
  const { description } = describeSaved(json, readShard, path, { isNamedByPath: true });
  encodeModel(buildOnnx(description, { layout: 'model' }));
}

/** The parts of the archive, unpacked. */
const parts = await (async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jepa-fuzz-'));
  try {
    const path = join(fixtures, 'mixed.keras');
    const found = [];
    for (const entry of await listZipEntries(path)) {
      const target = join(folder, String(found.length));
      await verifyZipEntry(path, entry, { target });
      found.push({ name: entry.name, content: readFileSync(target) });
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
})();

/** Whole as an archive, since a checksum would end all others. */
export const kerasArchive: FuzzTarget = {
  name: 'keras archive',
  write(path, generator) {
    const changed = generator.below(parts.length);
    const mutate = (name: string, content: Uint8Array) =>
      name.endsWith('.json')
        ? Buffer.from(mutateText(Buffer.from(content).toString(), generator))
        : mutateBytes(content, generator);
    writeFileSync(
      path,
      buildZip(
        parts.map(({ name, content }, i) => ({ name, content: i === changed ? mutate(name, content) : content })),
      ),
    );
  },
  read: readKeras,
};

export const kerasHdf5: FuzzTarget = {
  name: 'keras hdf5',
  write(path, generator) {
    writeFileSync(path, mutateBytes(readFileSync(join(fixtures, 'mixed.h5')), generator));
  },
  read: readKeras,
};

// Looks at an export before it is served or published: every model file is whole, loads, and has the inputs that the
// description says. A page would find out only in the visitor's browser.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkOnnx } from '../../export/index.ts';
import { FormatError } from '../../src/error.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { readExportDescription } from '../../src/storage/export-description.ts';
import { storageError } from '../../src/storage/file-system.ts';
import { onnxRuntime } from '../encoder/reference-runtime.ts';

/** @throws FormatError that names the first file that is not what the export's description says */
export async function checkExportFolder(folder: string): Promise<void> {
  const { encoder, predictor, auxiliary } = readExportDescription(folder);
  const expected: readonly (readonly [file: string, inputs: readonly string[]])[] = [
    [encoder.file, [encoder.input.name, ...(encoder.vector ? [encoder.vector.name] : [])]],
    [predictor.file, [predictor.inputs.latent, predictor.inputs.action]],
    ...(auxiliary === undefined ? [] : ([[auxiliary.file, [auxiliary.input.name]]] as const)),
  ];
  const runtime = await openRuntime(await onnxRuntime(), { threads: 1 });
  try {
    for (const [file, inputs] of expected) {
      const path = join(folder, file);
      checkOnnx(readBytes(path), path);
      const session = await runtime.load(path);
      try {
        const found = session.inputs.map(({ name }) => name);
        if (inputs.some((name) => !found.includes(name)))
          throw new FormatError(`${path}: expected the inputs ${inputs.join(', ')}, got ${found.join(', ')}`, {
            remedy: 'Export the run again.',
          });
      } finally {
        await session.dispose();
      }
    }
  } finally {
    await runtime.dispose();
  }
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw storageError(path, 'a model file of the export', error);
  }
}

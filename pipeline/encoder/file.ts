// An ONNX encoder as a file: what it takes and gives, and which file it is.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { inspectOnnx, type ModelSummary } from '../../export/inspect.ts';
import { externalFilePaths, readModelFile } from '../../src/runtimes/model-file.ts';

/** The file's inputs, outputs and precision, and the hash of its bytes and of the weights beside it; the bytes themselves are not kept. */
export async function lookAtEncoder(
  path: string,
): Promise<Pick<ModelSummary, 'inputs' | 'outputs' | 'precision'> & { where: string; sha256: string }> {
  const { where, bytes } = readModelFile(path);
  const { inputs, outputs, precision, externalFiles } = inspectOnnx(bytes, where);
  const hash = createHash('sha256').update(bytes);
  for (const file of externalFilePaths(path, externalFiles, where))
    for await (const chunk of createReadStream(file)) hash.update(chunk);
  return { where, inputs, outputs, precision, sha256: hash.digest('hex') };
}

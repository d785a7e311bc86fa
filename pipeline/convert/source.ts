// What `jepa convert` is given: a tfjs model.json, or a file of Keras. Read, described, and made ready for TensorFlow.js where
// that can be the reference.
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { describeModelFile, describeSaved, type ExportOptions, type ModelFile } from '../../export/index.ts';
import { FormatError, UsageError } from '../../src/error.ts';
import { makeScratch, removeScratch } from '../../src/storage/scratch.ts';

export interface ConversionSource extends ModelFile {
  /** What it is, for error messages: its folder and name. */
  readonly where: string;
  /**
   * The path of a model.json that TensorFlow.js may load as the reference. Undefined for files of Keras 3, which it cannot read
   * and whose layers mean something else in places.
   */
  readonly reference: string | undefined;
  /** Removes what was written for the reference. */
  dispose(): void;
}

/** @throws FormatError with the next step for each kind of file that is none of ours. */
export async function readSource(source: string, options: ExportOptions = {}): Promise<ConversionSource> {
  const where = join(basename(dirname(source)), basename(source));
  const status = statSync(source, { throwIfNoEntry: false });
  if (status?.isDirectory()) throw folderError(source, where);
  if (!status?.isFile())
    throw new UsageError(`${where}: expected a model.json or a .keras file, found none at ${source}`, {
      remedy: 'Check the path.',
    });
  const { isKerasFile } = await import('../../export/keras-file.ts');
  return isKerasFile(source) ? readKerasSource(source, where) : readJsonSource(source, where, options);
}

async function readKerasSource(source: string, where: string): Promise<ConversionSource> {
  const { readKerasFile } = await import('../../export/keras-file.ts');
  const { json, files } = await readKerasFile(source, where);
  const readShard = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new FormatError(`${where}: expected the weights ${name}, found none`);
    return bytes;
  };
  const saved = describeSaved(json, readShard, where, { isNamedByPath: true });
  if (saved.semantics === 'keras3') return { ...saved, where, reference: undefined, dispose: () => {} };
  // TensorFlow.js reads files of Keras 2 once they are in its own form.
  const folder = makeScratch('convert');
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  const reference = join(folder, 'model.json');
  writeFileSync(reference, JSON.stringify(json));
  return { ...saved, where, reference, dispose: () => removeScratch(folder) };
}

function readJsonSource(source: string, where: string, options: ExportOptions): ConversionSource {
  const known = foreignFormat(source);
  if (known !== undefined)
    throw new FormatError(`${where}: expected a tfjs model.json or a Keras file, got ${known.what}`, {
      remedy: known.remedy,
    });
  // Windows' editors put a byte-order mark before the JSON.
  const text = readFileSync(source, 'utf8').replace(/^\uFEFF/, '');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${where}: expected the JSON of a tfjs model, got text that is none`, {
      remedy: 'Name the model.json that model.save or the converter has written, or a .keras file.',
      cause,
    });
  }
  const readShard = (name: string): Uint8Array => {
    const path = join(dirname(source), name);
    if (!existsSync(path))
      throw new FormatError(`${where}: expected its weights in ${name}, found no such file`, {
        remedy: 'Put the weight files beside the model.json.',
      });
    if (isPointer(path))
      throw new FormatError(`${join(dirname(where), name)}: expected weights, got a Git LFS pointer`, {
        remedy: pointerRemedy,
      });
    return readFileSync(path);
  };
  const saved = describeModelFile(json, readShard, where, options);
  return { ...saved, where, reference: saved.semantics === 'keras3' ? undefined : source, dispose: () => {} };
}

const pointerRemedy = 'Fetch the file itself: git lfs pull.';
const kerasRemedy = 'Load it with Keras and save it as a file of Keras: model.save("model.keras").';

/** Files that users have in hand, and what to do with them. */
function foreignFormat(source: string): { readonly what: string; readonly remedy: string } | undefined {
  if (isPointer(source)) return { what: 'a Git LFS pointer', remedy: pointerRemedy };
  const extension = extname(source).toLowerCase();
  if (extension === '.pb') return { what: 'a TensorFlow SavedModel', remedy: kerasRemedy };
  if (extension === '.tflite') return { what: 'a TensorFlow Lite model', remedy: kerasRemedy };
  if (extension === '.pt' || extension === '.pth' || extension === '.safetensors')
    return { what: 'weights of PyTorch', remedy: 'Export them with torch.onnx.export.' };
  if (extension === '.onnx')
    return { what: 'an ONNX model', remedy: 'It is converted already: look at it with jepa inspect.' };
  return undefined;
}

function isPointer(path: string): boolean {
  const start = 'version https://git-lfs';
  if (statSync(path).size > 1024) return false;
  const descriptor = openSync(path, 'r');
  try {
    const head = Buffer.alloc(start.length);
    readSync(descriptor, head, 0, start.length, 0);
    return head.toString('latin1') === start;
  } finally {
    closeSync(descriptor);
  }
}

function folderError(source: string, where: string): FormatError {
  if (existsSync(join(source, 'saved_model.pb')))
    return new FormatError(`${where}: expected a model.json or a Keras file, got a TensorFlow SavedModel`, {
      remedy: kerasRemedy,
    });
  const inside = existsSync(join(source, 'model.json'));
  return new FormatError(`${where}: expected a model.json or a Keras file, got a folder`, {
    remedy: inside ? 'Name the file in it: model.json.' : 'Name the model.json, or a .keras file.',
  });
}

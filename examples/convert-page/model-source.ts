// What a person gives to the page: files (picked or dropped, a folder too) or the address of a model.json. All bytes are
// fetched before the conversion, which reads its weights at once.
import { FormatError, JepaError, UsageError } from '../../src/error.ts';
import { weightFileName } from '../../src/runtimes/weight-file-name.ts';

export interface ModelSource {
  /** What the model is called in messages, and the stem of the ONNX file's name. */
  readonly name: string;
  readonly json: Readonly<Record<string, unknown>>;
  /** Path within the model's folder -> content. */
  readonly weights: ReadonlyMap<string, Uint8Array>;
}

/** A file with its path in the folder that was dropped, if one was. */
export interface GivenFile {
  readonly path: string;
  readonly file: Blob;
}

/** @throws FormatError or UsageError in one line that names the file that is missing, or is none of tfjs' */
export async function sourceFromFiles(files: readonly GivenFile[]): Promise<ModelSource> {
  const model = chooseModel(files);
  const json = parse(await model.file.text(), model.path);
  const folder = model.path.slice(0, model.path.lastIndexOf('/') + 1);
  const weights = new Map<string, Uint8Array>();
  for (const name of weightNames(json, model.path)) {
    // Files that are picked one by one have lost their folders.
    const found =
      files.find(({ path }) => path === folder + name) ??
      files.find(({ path }) => path.slice(path.lastIndexOf('/') + 1) === name.slice(name.lastIndexOf('/') + 1));
    if (found === undefined)
      throw new UsageError(`${model.path}: expected its weights in ${name}, got no such file`, {
        remedy: 'Give all files of the model at once, or drop its folder.',
      });
    weights.set(name, new Uint8Array(await found.file.arrayBuffer()));
  }
  return { name: stemOf(model.path), json, weights };
}

/** @throws JepaError in one line where the address gives no model */
export async function sourceFromAddress(address: string): Promise<ModelSource> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError(`address: expected one of a model.json (https://...), got "${address}"`);
  const path = decodeURIComponent(url.pathname);
  const json = parse(new TextDecoder().decode(await fetchBytes(url)), path);
  const weights = new Map<string, Uint8Array>();
  for (const name of weightNames(json, path)) {
    // A query (a signature, say) holds for the files beside the model too.
    const beside = new URL(name.split('/').map(encodeURIComponent).join('/'), url);
    beside.search = url.search;
    weights.set(name, await fetchBytes(beside));
  }
  return { name: stemOf(path), json, weights };
}

function chooseModel(files: readonly GivenFile[]): GivenFile {
  const candidates = files.filter(({ path }) => /\.json$/i.test(path));
  const named = candidates.filter(({ path }) => /(?:^|\/)model\.json$/i.test(path));
  const chosen = candidates.length === 1 ? candidates : named;
  if (chosen.length === 1) return chosen[0];
  const got = files.map(({ path }) => path);
  const shown = got.length > 3 ? `${got.slice(0, 3).join(', ')} and ${got.length - 3} more` : got.join(', ');
  if (candidates.length > 1)
    throw new UsageError(`files: expected one model, got ${candidates.map(({ path }) => path).join(', ')}`, {
      remedy: 'Give one model.json with its weights.',
    });
  const isKeras = got.some((path) => /\.(keras|h5|hdf5)$/i.test(path));
  throw new UsageError(`files: expected a model.json and its weights, got ${shown || 'none'}`, {
    remedy: isKeras
      ? 'Files of Keras are converted on the command line: jepa convert model.keras model.onnx.'
      : 'Give the model.json that model.save or the converter has written, with the weight files beside it.',
  });
}

function parse(text: string, where: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new FormatError(`${where}: expected the JSON of a tfjs model, got text that is none`, { cause });
  }
  if (!isRecord(json)) throw new FormatError(`${where}: expected the JSON of a tfjs model, got ${typeOf(json)}`);
  return json;
}

function weightNames(json: Readonly<Record<string, unknown>>, where: string): string[] {
  const groups: readonly unknown[] = Array.isArray(json.weightsManifest) ? json.weightsManifest : [];
  return groups.flatMap((group) =>
    isRecord(group) && Array.isArray(group.paths) ? group.paths.map((path) => weightFileName(path, where)) : [],
  );
}

async function fetchBytes(url: URL): Promise<Uint8Array> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new JepaError(`${url.href}: expected a file, got no answer that a page may read`, {
      remedy: 'Its host must allow other origins (CORS); else download the files and drop them here.',
      cause,
    });
  });
  if (!response.ok) throw new JepaError(`${url.href}: expected a file, got status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

function stemOf(path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  const stem = (parts.at(-1) ?? 'model').replace(/\.json$/i, '');
  return stem === 'model' ? (parts.at(-2) ?? stem) : stem;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
}

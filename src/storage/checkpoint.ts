// Checkpoints of a run: checkpoints/step-000500/{weights.safetensors, optimizer.safetensors, state.json}. A folder is there
// whole or not at all; state.json holds the SHA-256 of the others and of itself, so that a flipped bit is never trained on.
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { FormatError, firstLineOf, JepaError } from '../error.ts';
import { recoverFolder, removePartials, writeFolderAtomic } from './atomic-file.ts';
import {
  type FileSystem,
  isPresent,
  localFileSystem,
  storageError,
  systemErrorCode,
  writeFully,
} from './file-system.ts';
import { decodeSafetensors, encodeSafetensors, type NamedArray, type Safetensors } from './safetensors.ts';
import { sha256 } from './sha256.ts';

/** Raised when a file's meaning changes; a newer one is refused. */
export const CHECKPOINT_FORMAT = 1;
const CHECKPOINTS_FOLDER = 'checkpoints';
const STATE_NAME = 'state.json';
const ARRAY_FILES = { weights: 'weights.safetensors', optimizer: 'optimizer.safetensors' } as const;
/** Enough to go back one when the newest turns out to be corrupt, and once more. */
const DEFAULT_KEPT_COUNT = 3;

/** What JSON can say without loss: no NaN, no undefined. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface CheckpointContent {
  readonly weights: ReadonlyMap<string, NamedArray>;
  readonly optimizer: ReadonlyMap<string, NamedArray>;
  /** Everything else that a resumed run needs. */
  readonly state: Json;
}

export interface Checkpoint extends CheckpointContent {
  /** How many training steps were done. */
  readonly step: number;
  readonly folder: string;
}

export interface SaveCheckpointOptions {
  /** How many checkpoints stay, the new one included. Default 3. */
  readonly keptCount?: number;
  readonly files?: FileSystem;
}

/** Saves the checkpoint of `step`, replacing one of the same step, and returns its folder. Older ones go once it is safe. */
export async function saveCheckpoint(
  runFolder: string,
  step: number,
  content: CheckpointContent,
  options: SaveCheckpointOptions = {},
): Promise<string> {
  const files = options.files ?? localFileSystem;
  const folder = join(runFolder, CHECKPOINTS_FOLDER, `step-${String(step).padStart(6, '0')}`);
  await writeFolderAtomic(
    folder,
    (temporaryFolder) => {
      const records: Record<string, FileRecord> = {};
      for (const kind of ['weights', 'optimizer'] as const) {
        const bytes = encodeSafetensors(content[kind], new Map([['step', String(step)]]));
        writePlainly(files, join(temporaryFolder, ARRAY_FILES[kind]), bytes);
        records[ARRAY_FILES[kind]] = {
          bytes: bytes.byteLength,
          sha256: sha256(bytes),
          arrays: checksums(content[kind]),
        };
      }
      const state = sealState({ format: CHECKPOINT_FORMAT, step, files: records, state: content.state });
      writePlainly(files, join(temporaryFolder, STATE_NAME), new TextEncoder().encode(state));
    },
    { replace: true, files },
  );
  prune(files, dirname(folder), options.keptCount ?? DEFAULT_KEPT_COUNT);
  return folder;
}

export interface NewestCheckpointOptions {
  /** Told in one line of each checkpoint that was passed over, with the file and the array that are wrong. */
  readonly onWarning?: (warning: string) => void;
  /** Says in one line why a checkpoint, though unharmed, is of no use; it is passed over like a harmed one. */
  readonly findFault?: (checkpoint: Checkpoint) => string | undefined;
  readonly files?: FileSystem;
}

/** The newest checkpoint that is complete and unharmed, or undefined where there is none. */
export function newestCheckpoint(runFolder: string, options: NewestCheckpointOptions = {}): Checkpoint | undefined {
  const files = options.files ?? localFileSystem;
  for (const { folder } of listCheckpoints(runFolder, files).reverse())
    try {
      const checkpoint = readCheckpoint(folder, files);
      const fault = options.findFault?.(checkpoint);
      if (fault === undefined) return checkpoint;
      options.onWarning?.(`${fault}; passed over`);
    } catch (error) {
      if (!isHarm(error)) throw error;
      options.onWarning?.(`${error.message}; passed over`);
    }
  return undefined;
}

/** Whether a checkpoint is broken, rather than out of reach for now (no permission, too many open files). */
function isHarm(error: unknown): error is JepaError {
  if (error instanceof FormatError) return true;
  return (
    error instanceof JepaError && ['ENOENT', 'ENOTDIR', 'EISDIR', 'EIO'].includes(systemErrorCode(error.cause) ?? '')
  );
}

/** The checkpoint folders of a run, oldest first, whether or not they are whole. */
export function listCheckpoints(
  runFolder: string,
  files: FileSystem = localFileSystem,
): { readonly step: number; readonly folder: string }[] {
  const parent = join(runFolder, CHECKPOINTS_FOLDER);
  if (!isPresent(files, parent)) return [];
  try {
    for (const name of files.readdirSync(parent)) {
      const replaced = /^\.(step-\d+)\.replaced$/.exec(name)?.[1];
      if (replaced !== undefined) recoverFolder(join(parent, replaced), files);
    }
    return files
      .readdirSync(parent)
      .flatMap((name) => {
        const digits = /^step-(\d+)$/.exec(name)?.[1];
        return digits === undefined ? [] : [{ step: Number(digits), folder: join(parent, name) }];
      })
      .sort((a, b) => a.step - b.step);
  } catch (error) {
    throw storageError(`checkpoints ${parent}`, 'to list a folder', error);
  }
}

/** Reads and checks one checkpoint folder. Throws a FormatError that names the file, and the array where one is harmed. */
export function readCheckpoint(folder: string, files: FileSystem = localFileSystem): Checkpoint {
  const statePath = join(folder, STATE_NAME);
  const { step, files: records, state } = openState(new TextDecoder().decode(read(files, statePath)), statePath);
  if (basename(folder) !== `step-${String(step).padStart(6, '0')}`)
    throw new FormatError(`${statePath}: expected the step of ${basename(folder)}, got ${step}`);
  const arraysOf = (kind: keyof typeof ARRAY_FILES) => {
    const path = join(folder, ARRAY_FILES[kind]);
    const record = records[ARRAY_FILES[kind]];
    if (record === undefined)
      throw new FormatError(`${statePath}: expected a checksum of ${ARRAY_FILES[kind]}, got none`);
    return readArrays(files, path, record).arrays;
  };
  return { step, folder, weights: arraysOf('weights'), optimizer: arraysOf('optimizer'), state };
}

const fileRecordSchema = z.strictObject({
  bytes: z.int().nonnegative(),
  sha256: z.string(),
  /** CRC-32 of each array's bytes in hexadecimal: says which one is harmed when the file's SHA-256 disagrees. */
  arrays: z.array(z.tuple([z.string(), z.string()])),
});
type FileRecord = z.infer<typeof fileRecordSchema>;

const stateSchema = z.strictObject({
  format: z.literal(CHECKPOINT_FORMAT),
  step: z.int().nonnegative(),
  files: z.record(z.string(), fileRecordSchema),
  state: z.json(),
});
type SealedState = z.infer<typeof stateSchema>;

/** The seal is the last line of the file, over every byte before it. */
const SEAL = /,\n {2}"sha256": "([0-9a-f]{64})"\n}\n$/;

function sealState(state: Omit<SealedState, 'state'> & { readonly state: Json }): string {
  const body = JSON.stringify(state, refuseLoss, 2).slice(0, -'\n}'.length);
  return `${body},\n  "sha256": "${sha256(new TextEncoder().encode(body))}"\n}\n`;
}

function openState(text: string, path: string): SealedState {
  const seal = SEAL.exec(text);
  if (seal === null)
    throw new FormatError(
      `${path}: expected a state that ends with its checksum, got ${text.length} characters (truncated)`,
    );
  const body = text.slice(0, seal.index);
  const found = sha256(new TextEncoder().encode(body));
  if (found !== seal[1]) throw new FormatError(`${path}: expected SHA-256 ${seal[1]}, got ${found}`);
  const parsed = parseBody(`${body}\n}`, path);
  const format: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'format') : undefined;
  if (format !== CHECKPOINT_FORMAT)
    throw new FormatError(`${path}: expected format ${CHECKPOINT_FORMAT}, got ${JSON.stringify(format)}`, {
      remedy: 'Use the version of jepa-onnx that wrote it, or a newer one.',
    });
  const result = attemptParse(() => stateSchema.safeParse(parsed), path);
  if (!result.success)
    throw new FormatError(`${path}: expected a checkpoint's state, got ${result.error.issues[0].message}`);
  return result.data;
}

/** A seal proves that nothing was changed since, not that it was right: text that is no JSON can be sealed too. */
function parseBody(text: string, path: string): unknown {
  return attemptParse(() => JSON.parse(text) as unknown, path);
}

/** Also what is nested too deep for the stack is no state. */
function attemptParse<Result>(parse: () => Result, path: string): Result {
  try {
    return parse();
  } catch (cause) {
    const reason = firstLineOf(cause).slice(0, 80);
    throw new FormatError(`${path}: expected a checkpoint's state in JSON, got: ${reason}`, { cause });
  }
}

function readArrays(files: FileSystem, path: string, record: FileRecord): Safetensors {
  const bytes = read(files, path);
  if (bytes.byteLength !== record.bytes)
    throw new FormatError(`${path}: expected ${record.bytes} bytes, got ${bytes.byteLength}`);
  if (sha256(bytes) === record.sha256) return decodeSafetensors(bytes, path);
  // The file is harmed; find out where, for the message.
  const found = new Map(checksums(decodeSafetensors(bytes, path).arrays));
  for (const [name, expected] of record.arrays)
    if (found.get(name) !== expected)
      throw new FormatError(
        `${path}: expected CRC-32 ${expected} of array ${name}, got ${found.get(name) ?? 'no such array'}`,
      );
  throw new FormatError(`${path}: expected SHA-256 ${record.sha256}, got ${sha256(bytes)} (its header is harmed)`);
}

/** Removes what is older than the newest `keptCount`, and what killed processes left. */
function prune(files: FileSystem, parent: string, keptCount: number): void {
  try {
    removePartials(parent, files);
    const folders = listCheckpoints(dirname(parent), files);
    for (const { folder } of folders.slice(0, Math.max(0, folders.length - keptCount)))
      files.rmSync(folder, { recursive: true });
  } catch {
    // The new checkpoint is safe; what could not be removed now is tried again after the next one.
  }
}

function writePlainly(files: FileSystem, path: string, bytes: Uint8Array): void {
  const descriptor = files.openSync(path, 'wx');
  try {
    writeFully(files, descriptor, bytes);
  } finally {
    files.closeSync(descriptor);
  }
}

function read(files: FileSystem, path: string): Uint8Array {
  try {
    return files.readFileSync(path);
  } catch (error) {
    throw storageError(path, 'a readable file', error);
  }
}

/** Pairs rather than an object, so that an array may be called __proto__. */
function checksums(arrays: ReadonlyMap<string, NamedArray>): [name: string, crc: string][] {
  return [...arrays].map(([name, { values }]) => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return [name, crc32(bytes).toString(16).padStart(8, '0')];
  });
}

function refuseLoss(key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new JepaError(`checkpoint state ${key}: expected a finite number, got ${value}`);
  return value;
}

// Writes the latents of a recording: what `evaluateLatents` judges, or anything else that takes vectors. Observations are read and
// encoded piece by piece as the file is written, so that memory does not grow with the recording.

import { basename } from 'node:path';
import { isImageColumn } from '../../src/data/image/recording.ts';
import { isAlignedWith, type ObservationRows, observationRows } from '../../src/data/observation-rows.ts';
import type { Column, Recording } from '../../src/data/recording.ts';
import { convertRecording, writtenFormatOf } from '../../src/data/writers/index.ts';
import { option, UsageError } from '../../src/error.ts';
import { chooseLatent } from '../../src/evaluation/encoder-input.ts';
import { parseForeignVariant } from '../../src/evaluation/foreign-encoder.ts';
import { encodeObservations, type ObservationInput } from '../../src/run/encode.ts';
import { openRuntimeVariant } from '../../src/run/runtime-variant.ts';
import { openSubject } from '../../src/run/subject.ts';
import type { RuntimeDescription, RuntimeSession } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';
import { requireFile } from '../../src/storage/file-system.ts';
import { openForEncoder } from './columns.ts';
import { lookAtEncoder } from './file.ts';
import type { EncoderOptions } from './option.ts';
import { pixelScaleNote } from './pixel-scale.ts';
import { rowDependenceNote } from './row-dependence.ts';

/** Observations by which the scale of pixels is looked at. */
const SCALE_OBSERVATIONS = 32;
/** Between two lines that say how far it is. */
const TOLD_MS = 1000;
/** The column that is written. */
export const LATENT_COLUMN = 'latents';

/** What is encoded, on which runtime, and where to. */
export interface EncodeOptions extends Omit<EncoderOptions, 'environment'> {
  /** The file that is written: .npz, .parquet or .hdf5. */
  readonly out: string;
  /** Replace a file that is there. Default: false. */
  readonly replace?: boolean | undefined;
  /** A name: cpu, wasm, cuda, webgpu, or a variant cuda:tf32. Default: cpu. */
  readonly runtime?: string | undefined;
  /** Of the runtime. Default: all cores. */
  readonly threads?: number | undefined;
  /** Told in one line how far it is. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Told in one line of what is odd or left out. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Stops between two pieces. */
  readonly signal?: AbortSignal | undefined;
}

/** What was written. */
export interface EncodedRecording {
  readonly file: string;
  /** N */
  readonly observations: number;
  /** D */
  readonly size: number;
  readonly episodes: number;
  /** The columns that lie beside the latents. */
  readonly columns: readonly string[];
  readonly runtime: RuntimeDescription;
}

/**
 * Encodes every observation of a recording, in its order, and writes the latents with all columns that are no observations.
 *
 * @param path of an ONNX file, or the folder of a run that was exported or of an export
 * @throws UsageError where the recording is not what the encoder takes, or the file is there
 */
export async function encodeRecording(path: string, options: EncodeOptions): Promise<EncodedRecording> {
  const { out, replace, runtime: name = 'cpu', threads, onNote = () => {}, onProgress = () => {}, signal } = options;
  writtenFormatOf(out);
  const variant = parseForeignVariant(path, name, 'encode');
  const opened = /\.onnx$/i.test(path)
    ? await openOfFile(path, { ...options, onNote })
    : await openOfFolder(path, options);
  try {
    const { encoder, input, recording, rows } = opened;
    const runtime = await openRuntimeVariant(variant, threads);
    try {
      const session = await runtime.load(encoder);
      try {
        const encoded = await encodedRecording(recording, rows, {
          ...{ where: basename(encoder), session, input, onNote, onProgress, signal },
        });
        await convertRecording(encoded, out, { replace: replace ?? false });
        return {
          file: out,
          observations: rows.count,
          size: elementCount(encoded.columns.get(LATENT_COLUMN)?.shape ?? []),
          episodes: recording.episodeCount,
          columns: [...encoded.columns.keys()].filter((column) => column !== LATENT_COLUMN),
          runtime: runtime.describe(),
        };
      } finally {
        await session.dispose();
      }
    } finally {
      await runtime.dispose();
    }
  } finally {
    await opened.dispose();
  }
}

interface Opened {
  /** The ONNX file. */
  readonly encoder: string;
  readonly input: ObservationInput;
  readonly recording: Recording;
  readonly rows: ObservationRows;
  dispose(): Promise<void>;
}

async function openOfFile(path: string, options: EncodeOptions & { onNote: (note: string) => void }): Promise<Opened> {
  if (options.data === undefined)
    throw new UsageError(`${path}: expected observations to encode, got none`, {
      remedy: `Name a recording: ${option('data', 'RECORDING')}.`,
    });
  requireFile(path, 'an ONNX file');
  const { where, inputs, outputs } = await lookAtEncoder(path);
  const latent = chooseLatent(where, outputs, options, options.onNote);
  const { recording, rows, input, dispose } = await openForEncoder({ where, inputs, path: options.data }, options);
  const sample = await rows.read(0, Math.min(rows.count, SCALE_OBSERVATIONS));
  const odd = pixelScaleNote(path, where, input.input, sample, rows.shape);
  if (odd !== undefined) options.onNote(odd);
  return { encoder: path, input: { ...input.input, latent }, recording, rows, dispose };
}

/** Of a run of ours: the recording and its parts are those that it was trained on. */
async function openOfFolder(folder: string, { data }: EncodeOptions): Promise<Opened> {
  const { openConfiguredRecording } = await import('../../src/data/configured-recording.ts');
  const { onnx, configuration, recording: record } = openSubject(folder);
  if (onnx === undefined)
    throw new UsageError(`${folder}: expected an export, found none`, {
      remedy: `Export the run: jepa export ${folder}`,
    });
  if (configuration.recording === undefined || record === undefined)
    throw new UsageError(`${folder}: expected a run of a recording, got one of an environment`, {
      remedy: `Encode by its file, with a recording: jepa encode ${onnx.encoder.path} ${option('data', 'RECORDING')}`,
    });
  const { recording } = await openConfiguredRecording({
    ...configuration.recording,
    path: data ?? configuration.recording.path,
  });
  const { stack } = configuration.recording;
  try {
    const rows = observationRows(
      recording,
      record.observation.map(({ columns }) => ({ columns, stack })),
    );
    return {
      encoder: onnx.encoder.path,
      input: onnx.encoder.input,
      recording,
      rows,
      dispose: () => recording.dispose(),
    };
  } catch (error) {
    await recording.dispose();
    throw error;
  }
}

interface Encoding {
  readonly where: string;
  readonly session: RuntimeSession;
  readonly input: ObservationInput;
  readonly onNote: (note: string) => void;
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** The recording with its latents instead of its observations, encoded as they are read. */
async function encodedRecording(
  recording: Recording,
  rows: ObservationRows,
  { where, session, input, onNote, onProgress, signal }: Encoding,
): Promise<Recording> {
  const encode = async (from: number, to: number): Promise<Float32Array> =>
    (await encodeObservations(session, await rows.read(from, to), rows.shape, input)).values;
  if (rows.count === 0) throw new UsageError(`${recording.path}: expected observations, got none`);
  const size = (await encode(0, 1)).length;
  const odd = await rowDependenceNote(where, rows, session, input);
  if (odd !== undefined) onNote(odd);
  const { pieceRows } = rows;
  const columns = new Map<string, Column>([
    [LATENT_COLUMN, { name: LATENT_COLUMN, type: 'float32', shape: [size], starts: rows.starts }],
  ]);
  for (const column of recording.columns.values())
    if (!isImageColumn(column) && column.name !== LATENT_COLUMN && isAlignedWith(column, rows.starts))
      columns.set(column.name, column);
  let told = performance.now();
  return {
    ...recording,
    columns,
    async read(name, from, to) {
      if (name !== LATENT_COLUMN) return recording.read(name, from, to);
      const latents = new Float32Array((to - from) * size);
      for (let start = from; start < to; start += pieceRows) {
        signal?.throwIfAborted();
        const end = Math.min(to, start + pieceRows);
        latents.set(await encode(start, end), (start - from) * size);
        const now = performance.now();
        if (end < rows.count && now - told < TOLD_MS) continue;
        told = now;
        onProgress(`encoded ${end} of ${rows.count} observations`);
      }
      return latents;
    },
  };
}

// The observations and actions that every runner gets, as raw files: one form for the ONNX files, one for the tfjs models.
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError } from '../error.ts';
import type { HeldOut } from '../evaluation/held-out/held-out.ts';
import { randomFor } from '../random.ts';
import { type ObservationInput, type Observations, observationTensor } from '../run/encode.ts';
import type { EvaluationSubject } from '../run/subject.ts';
import { elementCount } from '../shape.ts';

/** Rows that are brought into the encoder's form at a time. */
const CHUNK_ROWS = 64;

/** What was recorded at export: observations in the ONNX encoder's own form, and the latents of the framework. */
export interface RecordedLatents {
  readonly count: number;
  /** Of every input of the encoder, in its order: [count, ...] */
  readonly observations: readonly (Float32Array | Uint8Array)[];
  /** [count, D] */
  readonly latents: Float32Array;
}

/** A file of observations: for every input of the encoder, in its order, one row after the other. */
export interface ObservationFile {
  readonly path: string;
  readonly count: number;
  /** Bytes of a row, of every input. */
  readonly rowByteLengths: readonly number[];
}

/** How observations lie in memory, and how an encoder takes them. */
export interface ObservationForm {
  /** Shapes of the parts that an observation is packed of: [H, W, C] of an image, [D] of a vector, or both. */
  readonly parts: readonly (readonly number[])[];
  readonly input: ObservationInput;
}

/**
 * Shapes of the parts of an observation: those that the run kept of its recording, else the whole.
 * @param observationShape of the source
 */
export function observationParts(
  { recording }: Pick<EvaluationSubject, 'recording'>,
  observationShape: readonly number[],
): readonly (readonly number[])[] {
  return recording?.observation.map(({ shape }) => shape) ?? [observationShape];
}

/**
 * Writes observations in exactly the form that an encoder takes, little-endian: all rows of its first input, then, where it
 * takes an image and a vector, all rows of the second.
 */
export function writeObservations(
  path: string,
  { judged, centroids }: Pick<HeldOut, 'judged' | 'centroids'>,
  { parts, input }: ObservationForm,
  recorded?: RecordedLatents,
): ObservationFile {
  const rowSize = parts.reduce((sum, shape) => sum + elementCount(shape), 0);
  const kept = [judged.observations, centroids.observations];
  const count = kept.reduce((sum, { length }) => sum + length / rowSize, 0) + (recorded?.count ?? 0);
  if (recorded && recorded.observations.length !== parts.length)
    throw new FormatError(
      `test_data: expected the ${parts.length} inputs of the encoder, got ${recorded.observations.length}`,
    );
  const file = openSync(path, 'w');
  try {
    const rowByteLengths: number[] = [];
    let written = 0;
    const write = (bytes: Uint8Array) => {
      written += writeSync(file, bytes);
    };
    let offset = 0;
    for (const [index, shape] of parts.entries()) {
      const begin = written;
      for (const observations of kept)
        for (let start = 0; start < observations.length; start += CHUNK_ROWS * rowSize) {
          const chunk = observations.subarray(start, start + CHUNK_ROWS * rowSize);
          write(formOf(partOf(chunk, { rowSize, offset, size: elementCount(shape) }), shape, input));
        }
      if (recorded) write(bytesOf(recorded.observations[index]));
      rowByteLengths.push((written - begin) / count);
      offset += elementCount(shape);
    }
    return { path, count, rowByteLengths };
  } finally {
    closeSync(file);
  }
}

/** Some columns of rows. */
function partOf(
  rows: Observations,
  { rowSize, offset, size }: { readonly rowSize: number; readonly offset: number; readonly size: number },
): Observations {
  if (size === rowSize) return rows;
  const count = rows.length / rowSize;
  const part = new Float32Array(count * size);
  for (let n = 0; n < count; n++) part.set(rows.subarray(n * rowSize + offset, n * rowSize + offset + size), n * size);
  return part;
}

function formOf(observations: Observations, shape: readonly number[], input: ObservationInput): Uint8Array {
  if (shape.length === 1) return bytesOf(Float32Array.from(observations));
  // Bytes that are packed beside a vector are whole numbers in float32.
  const isPacked = input.vector !== undefined;
  if (!(observations instanceof Uint8Array) && !isPacked)
    throw new FormatError('verify: expected images as bytes, got numbers');
  const pixels = observations instanceof Uint8Array ? observations : Uint8Array.from(observations);
  const [height, width, channels] = shape;
  const count = pixels.length / (height * width * channels);
  return bytesOf(observationTensor(pixels, [count, height, width, channels], input).data);
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

export interface ActionOptions {
  /** N */
  readonly count: number;
  readonly seed: number;
  readonly observationShape: readonly number[];
}

/** [2, N, A] float32: two actions after one another for every row, drawn from those of the held-out transitions. */
export function drawActions({ transitions }: HeldOut, { count, seed, observationShape }: ActionOptions): Float32Array {
  const rowSize = elementCount(observationShape);
  const known = transitions.observations.length / rowSize;
  const size = transitions.actions.length / known;
  const random = randomFor('verification actions', seed);
  const actions = new Float32Array(2 * count * size);
  for (let row = 0; row < 2 * count; row++) {
    const drawn = random.integer(known);
    actions.set(transitions.actions.subarray(drawn * size, (drawn + 1) * size), row * size);
  }
  return actions;
}

/** The files of one run: the first `count` rows of observations that are on disk already, and of actions. */
export function writeFirstRows(
  folder: string,
  source: { readonly observations: ObservationFile; readonly actions: Float32Array },
  count: number,
): { readonly observations: string; readonly actions: string } {
  const { path, count: all, rowByteLengths } = source.observations;
  const observations = count === all ? path : join(folder, 'observations.bin');
  const actions = join(folder, 'actions.bin');
  if (count !== all) {
    const bytes = readFileSync(path);
    let begin = 0;
    const firstRows = rowByteLengths.map((length) => {
      const rows = bytes.subarray(begin, begin + count * length);
      begin += all * length;
      return rows;
    });
    writeFileSync(observations, Buffer.concat(firstRows));
  }
  const half = source.actions.length / 2;
  const kept = (half / all) * count;
  writeFileSync(
    actions,
    Buffer.concat([bytesOf(source.actions.subarray(0, kept)), bytesOf(source.actions.subarray(half, half + kept))]),
  );
  return { observations, actions };
}

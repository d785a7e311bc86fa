// The observations and actions that every runner gets, as raw files: one form for the ONNX files, one for the tfjs models.
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError } from '../error.ts';
import { type ObservationInput, type Observations, observationTensor } from '../evaluation/encode.ts';
import type { HeldOut } from '../evaluation/held-out.ts';
import { randomFor } from '../random.ts';
import { elementCount } from '../shape.ts';

/** Rows that are brought into the encoder's form at a time. */
const CHUNK_ROWS = 64;

/** Rows of the files, in this order. */
export interface RowCounts {
  /** n: they are judged. */
  readonly judged: number;
  /** Of these are the centroids. */
  readonly centroids: number;
  /** Recorded when the model was exported. */
  readonly recorded: number;
}

/** What was recorded at export: observations in the ONNX encoder's own form, and the latents of the framework. */
export interface RecordedLatents {
  readonly count: number;
  readonly observations: Float32Array | Uint8Array;
  /** [count, D] */
  readonly latents: Float32Array;
}

export function rowCount({ judged, centroids, recorded }: RowCounts): number {
  return judged + centroids + recorded;
}

/**
 * Writes observations in exactly the form that an encoder takes, little-endian, row after row.
 * @param shape [H, W, C] of images, [D] of vectors
 * @throws FormatError where the encoder takes an image and a vector: the protocol has one input
 */
export function writeObservations(
  path: string,
  { judged, centroids }: HeldOut,
  shape: readonly number[],
  input: ObservationInput,
  recorded?: RecordedLatents,
): void {
  if (input.vector !== undefined)
    throw new FormatError('verify: expected an encoder with one input, got one with an image and a vector', {
      remedy: 'Measure it in this process: jepa evaluate --runtime cpu,wasm',
    });
  const file = openSync(path, 'w');
  try {
    const rowSize = elementCount(shape);
    for (const { observations } of [judged, centroids])
      for (let start = 0; start < observations.length; start += CHUNK_ROWS * rowSize)
        writeSync(file, formOf(observations.subarray(start, start + CHUNK_ROWS * rowSize), shape, input));
    if (recorded) writeSync(file, bytesOf(recorded.observations));
  } finally {
    closeSync(file);
  }
}

function formOf(observations: Observations, shape: readonly number[], input: ObservationInput): Uint8Array {
  if (input.layout === 'flat') return bytesOf(Float32Array.from(observations));
  if (!(observations instanceof Uint8Array)) throw new FormatError('verify: expected images as bytes, got numbers');
  const [height, width, channels] = shape;
  const count = observations.length / (height * width * channels);
  const { data } = observationTensor(observations, [count, height, width, channels], input);
  return bytesOf(data);
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
  source: { readonly observations: string; readonly count: number; readonly actions: Float32Array },
  count: number,
): { readonly observations: string; readonly actions: string } {
  const isWhole = count === source.count;
  const observations = isWhole ? source.observations : join(folder, 'observations.bin');
  const actions = join(folder, 'actions.bin');
  if (!isWhole) {
    const bytes = readFileSync(source.observations);
    writeFileSync(observations, bytes.subarray(0, (bytes.length / source.count) * count));
  }
  const half = source.actions.length / 2;
  const kept = (half / source.count) * count;
  writeFileSync(
    actions,
    Buffer.concat([bytesOf(source.actions.subarray(0, kept)), bytesOf(source.actions.subarray(half, half + kept))]),
  );
  return { observations, actions };
}

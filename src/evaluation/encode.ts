// Runs observations through an encoder behind any runtime, in batches, in whatever layout and type the encoder takes.
import { FormatError } from '../error.ts';
import type { RuntimeSession, RuntimeTensor, TensorSpec } from '../runtimes/runtime.ts';
import { createLatents, type Latents } from './latents.ts';

/** Bounds the memory of one run; large enough that an accelerator is not kept waiting. */
const BATCH = 256;

/** How an encoder takes its observations. Pixels are uint8, or float32 in 0..1. */
export interface ObservationInput {
  /** The input's name. */
  readonly name: string;
  readonly layout: 'nhwc' | 'nchw';
  readonly type: 'uint8' | 'float32';
}

/** The latents of `observations` [N, H, W, C], by the session's first output. */
export async function encodeObservations(
  session: RuntimeSession,
  observations: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
  input: ObservationInput,
): Promise<Latents> {
  const spec = session.inputs.find((each) => each.name === input.name);
  if (spec === undefined)
    throw new FormatError(
      `encoder: expected an input "${input.name}", got ${session.inputs.map((each) => each.name).join(', ')}`,
    );
  const pixelCount = height * width * channels;
  const count = observations.length / pixelCount;
  const shape = input.layout === 'nchw' ? [channels, height, width] : [height, width, channels];
  checkSpec(spec, input, shape);
  const output = session.outputs[0].name;
  let latents: Float32Array | undefined;
  let size = 0;
  for (let start = 0; start < count; start += BATCH) {
    const end = Math.min(count, start + BATCH);
    const pixels = observations.subarray(start * pixelCount, end * pixelCount);
    const tensor = observationTensor(pixels, [end - start, height, width, channels], input);
    const { [output]: encoded } = await session.run({ [input.name]: tensor });
    if (!(encoded.data instanceof Float32Array))
      throw new FormatError(`encoder: expected float32 latents, got ${encoded.type}`);
    size = encoded.data.length / (end - start);
    latents ??= new Float32Array(count * size);
    latents.set(encoded.data, start * size);
  }
  return createLatents(latents ?? new Float32Array(0), size || 1);
}

/** [N, H, W, C] bytes as the encoder takes them: in its layout, as bytes or as float32 in 0..1. */
export function observationTensor(
  pixels: Uint8Array,
  [count, height, width, channels]: readonly [number, number, number, number],
  { layout, type }: Pick<ObservationInput, 'layout' | 'type'>,
): RuntimeTensor {
  const ordered = layout === 'nchw' ? toPlanes(pixels, height * width, channels) : pixels;
  const shape = layout === 'nchw' ? [count, channels, height, width] : [count, height, width, channels];
  if (type === 'uint8') return { type, data: ordered, shape };
  const data = new Float32Array(ordered.length);
  for (let i = 0; i < data.length; i++) data[i] = ordered[i] / 255;
  return { type, data, shape };
}

/** [n, pixels, C] -> [n, C, pixels] */
export function toPlanes(pixels: Uint8Array, area: number, channels: number): Uint8Array {
  const planes = new Uint8Array(pixels.length);
  for (let start = 0; start < pixels.length; start += area * channels)
    for (let c = 0; c < channels; c++) {
      const plane = start + c * area;
      const first = start + c;
      for (let p = 0; p < area; p++) planes[plane + p] = pixels[first + p * channels];
    }
  return planes;
}

function checkSpec(spec: TensorSpec, input: ObservationInput, shape: readonly number[]): void {
  const expected = `${input.type} [N, ${shape.join(', ')}]`;
  const found = `${spec.type} [${spec.shape.join(', ')}]`;
  const fits =
    spec.shape.length === shape.length + 1 && shape.every((side, axis) => fitsSide(spec.shape[axis + 1], side));
  if (!fits || spec.type !== input.type)
    throw new FormatError(`encoder: expected input "${spec.name}" to be ${expected}, got ${found}`, {
      remedy: 'The model and its description do not belong together: export the run again.',
    });
}

function fitsSide(side: number | string, size: number): boolean {
  return typeof side === 'string' || side === size;
}

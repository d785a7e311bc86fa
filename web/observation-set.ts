// Observations as an encoder takes them: images, vectors of numbers, or an image and a vector each.
// Letters: N observations, H W C image, V numbers of a vector.

export interface ObservationSet {
  /** [N, H, W, C]; undefined where observations are vectors alone. */
  readonly images: Uint8Array | undefined;
  /** [N, V]; undefined where observations are images alone. */
  readonly vectors: Float32Array | undefined;
  /** [N] abstract states, or classes where states are not known. */
  readonly states: Int32Array;
}

/** The observations from..to, without a copy. */
export function rowsOf({ images, vectors, states }: ObservationSet, from: number, to: number): ObservationSet {
  const count = states.length;
  const part = <Values extends Uint8Array | Float32Array>(values: Values | undefined) =>
    values && (values.subarray((values.length / count) * from, (values.length / count) * to) as Values);
  return { images: part(images), vectors: part(vectors), states: states.subarray(from, to) };
}

// Brings images to one size. Letters: N images, H W C height, width, channels as stored, h w the height and width that are
// wanted.

/**
 * [N, H, W, C] -> [N, h, w, C]. Shrinking takes the mean over the area that a pixel covers, so that nothing is skipped;
 * growing is bilinear between pixel centres.
 */
export function resizeImages(
  pixels: Uint8Array<ArrayBuffer>,
  [height, width, channels]: readonly [number, number, number],
  [wantedHeight, wantedWidth]: readonly [number, number],
): Uint8Array<ArrayBuffer> {
  if (height === wantedHeight && width === wantedWidth) return pixels;
  const rows = axisWeights(height, wantedHeight);
  const columns = axisWeights(width, wantedWidth);
  const count = pixels.length / (height * width * channels);
  const resized = new Uint8Array(count * wantedHeight * wantedWidth * channels);
  const line = new Float32Array(width * channels);
  for (let n = 0; n < count; n++) {
    const source = n * height * width * channels;
    for (let y = 0; y < wantedHeight; y++) {
      line.fill(0);
      for (let k = 0; k < rows[y].weights.length; k++) {
        const weight = rows[y].weights[k];
        const start = source + (rows[y].first + k) * width * channels;
        for (let i = 0; i < line.length; i++) line[i] += weight * pixels[start + i];
      }
      for (let x = 0; x < wantedWidth; x++) {
        const { first, weights } = columns[x];
        const target = ((n * wantedHeight + y) * wantedWidth + x) * channels;
        for (let channel = 0; channel < channels; channel++) {
          let sum = 0;
          for (let k = 0; k < weights.length; k++) sum += weights[k] * line[(first + k) * channels + channel];
          resized[target + channel] = Math.round(sum);
        }
      }
    }
  }
  return resized;
}

interface AxisWeight {
  /** The first stored place that counts. */
  readonly first: number;
  /** They add up to 1. */
  readonly weights: readonly number[];
}

function axisWeights(size: number, wanted: number): AxisWeight[] {
  return Array.from({ length: wanted }, (_, i) =>
    wanted <= size ? areaWeights(i, size / wanted, size) : linearWeights(i, size / wanted, size),
  );
}

/** Shares of the places between i and i + 1 of the wanted grid. */
function areaWeights(i: number, scale: number, size: number): AxisWeight {
  const start = i * scale;
  const end = Math.min(size, start + scale);
  const first = Math.floor(start);
  const last = Math.min(size - 1, Math.ceil(end - 1e-9) - 1);
  const weights = Array.from({ length: last - first + 1 }, (_, k) => {
    const place = first + k;
    return (Math.min(end, place + 1) - Math.max(start, place)) / (end - start);
  });
  return { first, weights };
}

function linearWeights(i: number, scale: number, size: number): AxisWeight {
  const centre = Math.min(size - 1, Math.max(0, (i + 0.5) * scale - 0.5));
  const first = Math.min(Math.floor(centre), Math.max(0, size - 2));
  const rest = centre - first;
  return size === 1 ? { first: 0, weights: [1] } : { first, weights: [1 - rest, rest] };
}

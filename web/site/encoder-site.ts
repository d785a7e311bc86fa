// The site of an encoder from anywhere: its latents are computed here, on any runtime, and the page measures and shows them. No
// model goes to the browser, so that an encoder of any size, with any inputs, is shown.
import { basename } from 'node:path';
import { evaluationDraw } from '../../pipeline/encoder/draw.ts';
import type { EvaluateEncoderOptions } from '../../pipeline/encoder/option.ts';
import { resizeImages } from '../../src/data/image/image.ts';
import type { Observations } from '../../src/run/encode.ts';
import { elementCount } from '../../src/shape.ts';
import { ENCODER_BYTES_NAME, ENCODER_NAME, type EncoderPageDescription, encoderPageSchema } from '../encoder-format.ts';
import { pageFiles, type Site, type SiteFile } from './site.ts';

/** Judged observations; as many more give the centroids. */
const OBSERVATIONS = 1024;
/** Longer side of a thumbnail, in pixels. */
const THUMBNAIL = 64;
/** Numbers of an observation that are shown. */
const SHOWN_NUMBERS = 64;

export interface EncoderSiteOptions extends Omit<EvaluateEncoderOptions, 'runtimes' | 'report' | 'reference'> {
  /** Of the ONNX file. */
  readonly path: string;
  /** A name of a runtime. Default: cpu. */
  readonly runtime?: string | undefined;
  readonly packageRoot: string;
  /** Package and version. */
  readonly generator: string;
}

/** @throws UsageError where the observations are not what the encoder takes */
export async function createEncoderSite({
  path,
  packageRoot,
  generator,
  ...options
}: EncoderSiteOptions): Promise<Site> {
  const drawn = await evaluationDraw(path, { observations: OBSERVATIONS, ...options });
  const { judged, centroids, judgedLatents, centroidLatents, observationShape, input, classes, source } = drawn;
  const part = input.parts?.find(({ layout }) => layout !== 'flat') ?? input.parts?.[0];
  const offset = input.parts?.slice(0, part === undefined ? 0 : input.parts.indexOf(part)) ?? [];
  const shown = shownOf(judged.observations, {
    shape: part?.shape ?? observationShape,
    isImage: (part ?? input).layout !== 'flat',
    rowSize: elementCount(observationShape),
    offset: offset.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    frames: (part ?? input).frames ?? 1,
  });
  const { name, pool, normalize } = input.latent ?? { name: 'its output' };
  const { runtime, version, provider } = drawn.runtime;
  const description: EncoderPageDescription = {
    format: 1,
    encoder: basename(path),
    source,
    output: [name, ...(pool ? [`pooled by ${pool}`] : []), ...(normalize ? ['at length 1'] : [])].join(', '),
    ran: `${runtime} (${provider}, ${version})`,
    metric: options.metric ?? 'euclidean',
    size: judgedLatents.size,
    judged: judged.states.length,
    centroids: centroids.states.length,
    image: shown.image,
    numbers: shown.numbers,
    states: [judged, centroids].flatMap(({ states }) => Array.from(states, (state) => classes.classOf[state])),
    episodes: judged.episodes === undefined ? null : Array.from(judged.episodes),
    classes: {
      of: classes.of,
      names: [...classes.names],
      ...(classes.claim === undefined ? {} : { claim: classes.claim }),
    },
  };
  const bytes = Buffer.concat(
    [shown.bytes, judgedLatents.values, centroidLatents.values].map(
      (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    ),
  );
  const site = new Map<string, SiteFile>();
  for (const [file, content] of await pageFiles(packageRoot, generator))
    site.set(file, { content: file === 'index.html' ? ofEncoder(content) : content });
  const json = JSON.stringify(encoderPageSchema.parse(description));
  site.set(`model/${ENCODER_NAME}`, { content: new TextEncoder().encode(json) });
  site.set(`model/${ENCODER_BYTES_NAME}`, { content: bytes });
  return site;
}

/** The page is one for both: which it is stands on its root. */
function ofEncoder(content: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(content);
  return new TextEncoder().encode(text.replace('<html lang="en">', '<html lang="en" data-subject="encoder">'));
}

interface ShownPart {
  /** Of one part of an observation. */
  readonly shape: readonly number[];
  readonly isImage: boolean;
  /** Numbers of a whole observation, and where the part begins in it. */
  readonly rowSize: number;
  readonly offset: number;
  readonly frames: number;
}

interface Shown {
  readonly bytes: Uint8Array | Float32Array;
  readonly image: [number, number, number] | null;
  readonly numbers: EncoderPageDescription['numbers'];
}

/** Thumbnails of the newest frame, or the first numbers. */
function shownOf(observations: Observations, { shape, isImage, rowSize, offset, frames }: ShownPart): Shown {
  const count = observations.length / rowSize;
  if (!isImage) {
    const size = Math.min(SHOWN_NUMBERS, elementCount(shape));
    const values = new Float32Array(count * size);
    for (let n = 0; n < count; n++)
      values.set(observations.subarray(n * rowSize + offset, n * rowSize + offset + size), n * size);
    return { bytes: values, image: null, numbers: statisticsOf(values, size) };
  }
  const [height, width, channels] = shape;
  const own = frames > 1 ? channels / frames : channels > 4 ? 3 : channels;
  const kept = Math.min(own, 3);
  const pixels = new Uint8Array(count * height * width * kept);
  for (let n = 0; n < count; n++)
    for (let p = 0; p < height * width; p++)
      for (let c = 0; c < kept; c++)
        pixels[(n * height * width + p) * kept + c] =
          observations[n * rowSize + offset + p * channels + channels - own + c];
  const scale = Math.min(1, THUMBNAIL / Math.max(height, width));
  const wanted = [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))] as const;
  return { bytes: resizeImages(pixels, [height, width, kept], wanted), image: [...wanted, kept], numbers: [] };
}

function statisticsOf(values: Float32Array, size: number): EncoderPageDescription['numbers'] {
  const count = values.length / size;
  return Array.from({ length: size }, (_, k) => {
    let [sum, squares] = [0, 0];
    for (let n = 0; n < count; n++) {
      sum += values[n * size + k];
      squares += values[n * size + k] ** 2;
    }
    const mean = sum / count;
    return { name: `number ${k}`, mean, deviation: Math.sqrt(Math.max(0, squares / count - mean ** 2)) };
  });
}

// Very many observations of an environment: drawn, encoded and forgotten block by block, so that memory does not grow with them. What an
// evaluation says of a sample is then said of all.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labelledObservations } from '../../src/data/environment-source.ts';
import type { Environment } from '../../src/environments/environment.ts';
import type { StateClasses } from '../../src/evaluation/class/state.ts';
import { createLatents, type Latents, type Metric, underMetric } from '../../src/measures/latents.ts';
import { BLOCK_ROWS, type LatentBlock, type StoredArrays } from '../../src/measures/stream/block.ts';
import { Closest } from '../../src/measures/stream/closest.ts';
import { Comparison } from '../../src/measures/stream/comparison.ts';
import { Moments } from '../../src/measures/stream/moments.ts';
import { measureStreamed, type StreamedMeasures } from '../../src/measures/stream/result.ts';
import type { Observations } from '../../src/run/encode.ts';
import { encodeSafetensors } from '../../src/storage/safetensors.ts';
import { makeScratch, removeScratch } from '../../src/storage/scratch.ts';
import { sideOf } from './census.ts';
import { eachBlock } from './each-block.ts';
import { DEFAULT_QUERIES } from './plan.ts';

export interface EnvironmentStream {
  readonly environment: Environment;
  readonly classes: StateClasses;
  /** Judged observations, about; as many more give the centroids. */
  readonly observations: number;
  readonly seed: number;
  readonly metric: Metric | undefined;
  readonly encode: (observations: Observations) => Promise<Latents>;
  readonly onProgress: (line: string) => void;
}

export interface StreamedEnvironment {
  readonly measures: StreamedMeasures;
  readonly digest: string;
  /** [C] */
  readonly judged: readonly number[];
  readonly centroids: readonly number[];
}

export async function streamEnvironment(stream: EnvironmentStream): Promise<StreamedEnvironment> {
  const { classes, observations, seed, onProgress } = stream;
  const folder = makeScratch('evaluation');
  const blocks = Math.ceil((2 * observations) / BLOCK_ROWS);
  const hash = createHash('sha256');
  const finish = (own: { stored(): StoredArrays }) => hash.update(encodeSafetensors(own.stored()));
  try {
    mkdirSync(join(folder, 'latents'));
    const first = await drawBlock(stream, folder, 0);
    const size = first.values.length / first.labels.length;
    const options = { size, classCount: classes.count, seed, queries: DEFAULT_QUERIES };
    const over = (own: { add(block: LatentBlock): void }, name: string) =>
      eachBlock(0, blocks, async (block) => own.add(await drawBlock(stream, folder, block)), { name, onProgress });
    const moments = new Moments(options);
    await over(moments, 'encoding');
    finish(moments);
    const firstPass = moments.result();
    const comparison = new Comparison(options, firstPass);
    await over(comparison, 'comparing');
    finish(comparison);
    const closest = new Closest(options, firstPass, comparison);
    if (closest.isOpen) await over(closest, 'looking for the smallest gap');
    finish(closest);
    return {
      measures: measureStreamed(options, firstPass, comparison, closest.result()),
      digest: hash.digest('hex'),
      judged: Array.from(firstPass.judgedCounts),
      centroids: Array.from(firstPass.centroidCounts),
    };
  } finally {
    removeScratch(folder);
  }
}

/** The latents of a block stay on disk; which states it shows is drawn again from its own stream. */
async function drawBlock(
  { environment, classes, seed, metric, encode }: EnvironmentStream,
  folder: string,
  block: number,
): Promise<LatentBlock> {
  const path = join(folder, 'latents', String(block));
  const kept = readIfPresent(path);
  const first = block * BLOCK_ROWS;
  const judged = Uint8Array.from({ length: BLOCK_ROWS }, (_, i) => sideOf(first + i, seed));
  if (kept !== undefined) {
    const labels = new Int32Array(kept.slice(0, 4 * BLOCK_ROWS));
    return { first, values: new Float32Array(kept.slice(4 * BLOCK_ROWS)), labels, judged };
  }
  const { observations, states } = labelledObservations(environment, BLOCK_ROWS, seed, `evaluation block ${block}`);
  const encoded = await encode(observations);
  const { values } = underMetric(createLatents(encoded.values, encoded.size), metric);
  const labels = states.map((state) => classes.classOf[state]);
  writeFileSync(path, new Uint8Array(labels.buffer));
  writeFileSync(path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength), { flag: 'a' });
  return { first, values, labels, judged };
}

function readIfPresent(path: string): ArrayBuffer | undefined {
  try {
    const bytes = readFileSync(path);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  } catch {
    return undefined;
  }
}

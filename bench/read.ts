// `npm run bench:read`: frames a second out of a recording, here, with Python's h5py (or NumPy), and as raw reads of the same
// file, in turns; then how long training waits for data. h5py is an extra of this bench: where python3 cannot import it, the
// bench says so. The file is made once and kept in --folder.
// Usage: node --import tsx bench/read.ts [--format hdf5|npz] [--gigabytes 1] [--folder DIR] [--rounds 5] [--frames 32768]
//        [--workers N] [--memory MB] [--steps 600, of training; 0 for none] [--threads 2] [--python python3]
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { availableParallelism, cpus, freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { openRecording } from '../src/data/readers/index.ts';
import type { Column, Recording } from '../src/data/recording.ts';
import { type RecordingSource, recordingSource } from '../src/data/recording-source.ts';
import { convertRecording } from '../src/data/writers/index.ts';
import { hashSeed } from '../src/random.ts';

const { values } = parseArgs({
  options: {
    format: { type: 'string', default: 'hdf5' },
    gigabytes: { type: 'string', default: '1' },
    folder: { type: 'string', default: join(tmpdir(), 'jepa-onnx-bench-read') },
    rounds: { type: 'string', default: '5' },
    frames: { type: 'string', default: '32768' },
    workers: { type: 'string', default: String(Math.max(1, availableParallelism() - 1)) },
    memory: { type: 'string', default: '32' },
    steps: { type: 'string', default: '600' },
    threads: { type: 'string', default: '2' },
    python: { type: 'string', default: 'python3' },
  },
});
const [SIDE, CHANNELS, EPISODE_STEPS, BATCH] = [64, 3, 500, 256];
const frameBytes = SIDE * SIDE * CHANNELS;
const frameCount = Math.floor((Number(values.gigabytes) * 1e9) / frameBytes);
const episodeCount = Math.floor(frameCount / (EPISODE_STEPS + 1));
const rounds = Number(values.rounds);
const framesPerRound = Number(values.frames);
const path = join(values.folder, `${values.gigabytes}-gigabytes.${values.format}`);
/** Frames of a block of ours, and so of theirs. */
const BLOCK = 85;

/** Smooth pictures with a little noise, which gzip halves or so, as it does with rendered scenes. */
function syntheticRecording(): Recording {
  const startsOf = (length: number) => Float64Array.from({ length: episodeCount + 1 }, (_, e) => e * length);
  const columns = new Map<string, Column>([
    [
      'observations',
      { name: 'observations', type: 'uint8', shape: [SIDE, SIDE, CHANNELS], starts: startsOf(EPISODE_STEPS + 1) },
    ],
    ['actions', { name: 'actions', type: 'int64', shape: [], starts: startsOf(EPISODE_STEPS) }],
    ['rewards', { name: 'rewards', type: 'float32', shape: [], starts: startsOf(EPISODE_STEPS) }],
  ]);
  const noise = Uint8Array.from({ length: 1 << 20 }, (_, i) => hashSeed('noise', i) & 3);
  return {
    path: 'synthetic',
    format: 'synthetic',
    episodeCount,
    columns,
    roles: {},
    notes: [],
    handle: { path: '', options: {} },
    async read(name, from, to) {
      if (name === 'actions') return BigInt64Array.from({ length: to - from }, (_, i) => BigInt((from + i) % 3));
      if (name === 'rewards') return new Float32Array(to - from);
      const pixels = new Uint8Array((to - from) * frameBytes);
      for (let row = from; row < to; row++)
        for (let i = 0; i < frameBytes; i++)
          pixels[(row - from) * frameBytes + i] =
            ((i >> 7) + row + (i % 3) * 40 + noise[(row * 7919 + i) & 0xfffff]) & 255;
      return pixels;
    },
    dispose: () => Promise.resolve(),
  };
}

interface Side {
  readonly name: string;
  /** Milliseconds a frame, over about so many frames. */
  readonly run: (frames: number) => Promise<number>;
  readonly stop: () => void | Promise<void>;
}

function ourSide(source: RecordingSource): Side {
  let step = 0;
  return {
    name: 'jepa-onnx',
    async run(frames) {
      const start = performance.now();
      let done = 0;
      // Two observations a transition, but each is decoded once; counted are transitions, as a frame is one.
      for (; done < frames; done += BATCH) await source.batch(step++, BATCH, 1);
      return (performance.now() - start) / done;
    },
    stop: () => source.dispose(),
  };
}

async function pythonSide(): Promise<Side | undefined> {
  const child: ChildProcessWithoutNullStreams = spawn(values.python, [
    new URL('h5py/read.py', import.meta.url).pathname,
  ]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = new Promise<undefined>((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('exit', () => resolve(undefined));
  });
  const nextLine = () => Promise.race([exited, lines.next().then(({ value }) => value as string | undefined)]);
  child.stdin.on('error', () => {});
  child.stdin.write(`${JSON.stringify({ path, block: BLOCK })}\n`);
  const hello = await nextLine();
  if (hello === undefined) return undefined;
  const { version } = JSON.parse(hello) as { version: string };
  return {
    name: version,
    async run(frames) {
      child.stdin.write(`${frames}\n`);
      return Number(await nextLine());
    },
    stop: () => {
      child.kill();
    },
  };
}

function rawSide(): Side {
  const descriptor = openSync(path, 'r');
  const { size } = fstatSync(descriptor);
  const bytesPerFrame = size / frameCount;
  const buffer = new Uint8Array(1 << 20);
  const blocks = Math.floor(size / buffer.byteLength);
  let n = 0;
  return {
    name: `raw reads of 1 MiB (${(size / 1e9).toFixed(2)} GB, ${(frameBytes / bytesPerFrame).toFixed(1)} times smaller than decoded)`,
    async run(frames) {
      const start = performance.now();
      let bytes = 0;
      while (bytes < frames * bytesPerFrame) {
        const block = (hashSeed('raw', n++) >>> 0) % blocks;
        bytes += readSync(descriptor, buffer, 0, buffer.byteLength, block * buffer.byteLength);
      }
      return (performance.now() - start) / (bytes / bytesPerFrame);
    },
    stop: () => closeSync(descriptor),
  };
}

/** What is decoded already would be counted as read: a round must be long beside the two windows that are in memory. */
const LEAST_WINDOWS = 8;
const windowFrames = (Number(values.memory) * 1e6) / 2 / frameBytes;
for (const [what, frames] of [
  ['--frames', framesPerRound],
  ['64 times --steps', Number(values.steps) === 0 ? Number.POSITIVE_INFINITY : 64 * Number(values.steps)],
] as const)
  if (frames < LEAST_WINDOWS * windowFrames)
    throw new Error(
      `${what}: expected at least ${LEAST_WINDOWS} windows of ${windowFrames.toFixed(0)} frames, got ${frames}; lower --memory`,
    );

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

if (!existsSync(path)) {
  mkdirSync(values.folder, { recursive: true });
  const start = performance.now();
  await convertRecording(syntheticRecording(), path);
  console.log(`made ${path} in ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
const opening = performance.now();
const recording = await openRecording(path);
const opened = performance.now();
const source = await recordingSource(recording, {
  seed: 0,
  split: 'train',
  workers: Number(values.workers),
  memoryBytes: Number(values.memory) * 1e6,
});
const surveyed = performance.now();
console.log(
  `${cpus()[0]?.model}, ${availableParallelism()} cores, ${(freemem() / 1e9).toFixed(0)} GB free; ${values.workers} workers, ${values.memory} MB for decoded blocks`,
);
console.log(
  `${values.format}: ${values.gigabytes} GB decoded, ${episodeCount} episodes; opened in ${((opened - opening) / 1000).toFixed(1)} s, surveyed in ${((surveyed - opened) / 1000).toFixed(1)} s`,
);
const python = await pythonSide();
if (python === undefined)
  console.log(`h5py: absent (${values.python} cannot import it). Remedy: --python VENV/bin/python`);
const sides = [ourSide(source), ...(python === undefined ? [] : [python]), rawSide()];
// The first window is decoded before the clocks start, as it is before training starts.
await sides[0].run(1);
const times = sides.map((): number[] => []);
for (let round = 0; round < rounds; round++)
  for (const [i, side] of sides.entries()) times[i].push(await side.run(framesPerRound));
for (const [i, side] of sides.entries()) {
  const ratios = times[i].map((ms, round) => times[0][round] / ms);
  console.log(
    `${side.name}: median ${(1000 / median(times[i])).toFixed(0)} frames a second, ${median(ratios).toFixed(2)} times ours (median of ${rounds} rounds in turns)`,
  );
}
for (const side of sides.slice(1)) await side.stop();

if (Number(values.steps) > 0) {
  const { loadTensorFlow } = await import('../src/tensorflow/load.ts');
  const { resolveConfiguration } = await import('../src/training/presets.ts');
  const { buildWorldModel } = await import('../models/world-model.ts');
  const { TrainingStep } = await import('../src/training/training-step.ts');
  const threads = Number(values.threads);
  await loadTensorFlow({ threads });
  const { model, objective, optimization } = resolveConfiguration({
    preset: 'small',
    environment: 'counting',
    threads,
  });
  const column = {
    name: 'rewards',
    of: 'column',
    column: 'rewards',
    size: 1,
    loss: 'squared',
    coefficient: 1,
  } as const;
  const training = new TrainingStep(buildWorldModel(model, source, 0), source, {
    objective,
    optimization,
    auxiliaries: [column],
  });
  let inBatch = 0;
  let waitedBefore = 0;
  const steps = Number(values.steps);
  let start = 0;
  for (let step = -10; step < steps; step++) {
    if (step === 0) {
      start = performance.now();
      inBatch = 0;
      waitedBefore = source.waitedMs();
    }
    const asked = performance.now();
    const batch = await source.batch(step + 10, optimization.batchSize, objective.horizon);
    inBatch += performance.now() - asked;
    training.run(batch, step + 10, optimization.learningRate);
  }
  const total = performance.now() - start;
  console.log(
    `training (preset small, ${threads} threads, batch ${optimization.batchSize}): ${(total / steps).toFixed(1)} ms a step, ` +
      `${((100 * (source.waitedMs() - waitedBefore)) / total).toFixed(1)}% of it waiting for blocks, ` +
      `${((100 * inBatch) / total).toFixed(1)}% with putting batches together; ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB resident`,
  );
  training.dispose();
}
await source.dispose();
await recording.dispose();

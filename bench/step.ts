// `npm run bench:step`: one training step of the preset `small` (or `paper`) here, as an ONNX file in onnxruntime, and in PyTorch, in turns, with the same
// network, batch, loss and optimizer. PyTorch is an extra of this bench: where python3 cannot import it, the bench says so. Beside the
// time stands that of the processor, which other work on the machine stretches less.
// Usage: node --import tsx bench/step.ts [--threads 2] [--rounds 7] [--steps 30] [--preset small] [--python python3] [--places onnx:cpu/1,onnx:cpu/2,onnx:wasm/1]
// A place may name its own threads behind a slash; --threads are those of TensorFlow, of PyTorch, and of a place that names none.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { buildEnvironmentParts } from '../pipeline/parts.ts';
import { openTrainingPlace, trainingPlaces } from '../pipeline/train/place.ts';
import { joinStateTables } from '../src/auxiliary/index.ts';
import { environmentSource } from '../src/data/environment-source.ts';
import { resolveConfiguration } from '../src/training/presets.ts';
import { learningRateAt } from '../src/training/schedule.ts';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '7' },
    steps: { type: 'string', default: '30' },
    preset: { type: 'string', default: 'small' },
    python: { type: 'string', default: 'python3' },
    places: { type: 'string', default: 'onnx:cpu/1,onnx:cpu/2,onnx:wasm/1' },
  },
});
const threads = Number(values.threads);
const rounds = Number(values.rounds);
const steps = Number(values.steps);

/** Milliseconds that passed, and those of all threads together. */
interface Time {
  readonly wall: number;
  readonly processor: number;
}

interface Side {
  readonly name: string;
  /** The time of `count` steps. */
  readonly run: (count: number) => Promise<Time>;
  readonly stop: () => void | Promise<void>;
}

/** A training of ours in one of its places; the first one is what the others are compared with. */
async function ourSide(written: string): Promise<Side> {
  const [name, own] = written.split('/');
  const ownThreads = own === undefined ? threads : Number(own);
  const known = trainingPlaces.find((each) => each === name);
  if (known === undefined || !(ownThreads >= 1))
    throw new Error(
      `--places: expected some of ${trainingPlaces.join(', ')}, each perhaps with /THREADS, got ${written}`,
    );
  const place = await openTrainingPlace(known, { threads: ownThreads });
  const configuration = resolveConfiguration({ preset: values.preset, environment: 'counting', threads: ownThreads });
  const { optimization, objective, seed } = configuration;
  const { environment, auxiliaries, model } = await buildEnvironmentParts(configuration);
  const auxiliary = joinStateTables(auxiliaries, environment.stateCount);
  const source = environmentSource(environment, { seed, stream: 'train', auxiliary });
  const training = await place.open(model, source, { objective, optimization, auxiliaries });
  let step = 0;
  const run = async (count: number) => {
    const start = performance.now();
    const used = process.cpuUsage();
    // Drawing the images is part of our step; PyTorch's side trains on one batch that it was given.
    for (let i = 0; i < count; i++, step++) {
      const batch = await source.batch(step, optimization.batchSize, objective.horizon);
      await training.run(batch, step, learningRateAt(step, optimization));
    }
    const { user, system } = process.cpuUsage(used);
    return { wall: performance.now() - start, processor: (user + system) / 1000 };
  };
  await run(steps < 20 ? steps : 20);
  const stop = async () => {
    await training.dispose();
    await place.dispose();
  };
  return { name: `jepa-onnx on ${name}, threads ${ownThreads}`, run, stop };
}

interface TorchSettings {
  readonly channelsLast?: boolean;
  readonly compiled?: boolean;
}

async function torchSide({ channelsLast = false, compiled = false }: TorchSettings): Promise<Side | undefined> {
  const child: ChildProcessWithoutNullStreams = spawn(values.python, [
    new URL('torch/step.py', import.meta.url).pathname,
  ]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = new Promise<undefined>((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('exit', () => resolve(undefined));
  });
  const nextLine = () => Promise.race([exited, lines.next().then(({ value }) => value as string | undefined)]);
  child.stdin.on('error', () => {});
  const { preset } = values;
  const { batchSize: batch } = resolveConfiguration({ preset, environment: 'counting', threads }).optimization;
  const settings = {
    threads,
    preset,
    batch,
    warmup: Math.min(steps, 20),
    channels_last: channelsLast,
    compile: compiled,
  };
  child.stdin.write(`${JSON.stringify(settings)}\n`);
  const hello = await nextLine();
  if (hello === undefined) return undefined;
  const { torch, parameters } = JSON.parse(hello) as { torch: string; parameters: number };
  return {
    name: `PyTorch ${torch} ${compiled ? 'torch.compile' : 'eager'}${channelsLast ? ', channels last' : ''}, threads ${threads} (${parameters} parameters)`,
    async run(count) {
      child.stdin.write(`${count}\n`);
      const [wall, processor] = ((await nextLine()) ?? '').split(' ').map(Number);
      return { wall, processor };
    },
    stop: () => void child.kill(),
  };
}

const torch = [
  await torchSide({}),
  await torchSide({ channelsLast: true }),
  await torchSide({ channelsLast: true, compiled: true }),
].filter((side) => side !== undefined);
if (torch.length === 0)
  console.log(
    `PyTorch: absent (${values.python} cannot import torch); only our own step is timed. Remedy: --python VENV/bin/python`,
  );
const sides = [await ourSide('tensorflow')];
for (const name of values.places.split(',').filter((each) => each !== '')) sides.push(await ourSide(name));
sides.push(...torch);
console.log(`${cpus()[0]?.model}, ${rounds} rounds of ${steps} steps in turns`);
const times = sides.map((): Time[] => []);
for (let round = 0; round < rounds; round++)
  for (const [i, side] of sides.entries()) times[i].push(await side.run(steps));
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const median = (numbers: readonly number[]) => sorted(numbers)[Math.floor(numbers.length / 2)];
const [ours] = times;
for (const [i, side] of sides.entries()) {
  const described = (['wall', 'processor'] as const).map((kind) => {
    const each = times[i].map((time) => time[kind] / steps);
    const ratios = times[i].map((time, round) => time[kind] / ours[round][kind]);
    const [least] = sorted(ratios);
    return (
      `${kind} ${median(each).toFixed(1)} ms (best ${Math.min(...each).toFixed(1)}), ` +
      `${median(ratios).toFixed(2)} times TensorFlow's (${least.toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`
    );
  });
  console.log(`${side.name}: ${described.join('; ')}`);
  await side.stop();
}

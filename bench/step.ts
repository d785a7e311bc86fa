// `npm run bench:step`: one training step of the preset `small` here, as an ONNX file in onnxruntime, and in PyTorch, in turns, with the same
// network, batch, loss, optimizer and threads. PyTorch is an extra of this bench: where python3 cannot import it, the bench says so.
// Usage: node --import tsx bench/step.ts [--threads 2] [--rounds 7] [--steps 30] [--python python3] [--places onnx:cpu,onnx:wasm]
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
    python: { type: 'string', default: 'python3' },
    places: { type: 'string', default: 'onnx:cpu,onnx:wasm' },
  },
});
const threads = Number(values.threads);
const rounds = Number(values.rounds);
const steps = Number(values.steps);

interface Side {
  readonly name: string;
  /** Milliseconds of `count` steps. */
  readonly run: (count: number) => Promise<number>;
  readonly stop: () => void | Promise<void>;
}

/** A training of ours in one of its places; the first one is what the others are compared with. */
async function ourSide(name: string): Promise<Side> {
  const known = trainingPlaces.find((each) => each === name);
  if (known === undefined) throw new Error(`--places: expected some of ${trainingPlaces.join(', ')}, got ${name}`);
  const place = await openTrainingPlace(known, { threads });
  const configuration = resolveConfiguration({ preset: 'small', environment: 'counting', threads });
  const { optimization, objective, seed } = configuration;
  const { environment, auxiliaries, model } = await buildEnvironmentParts(configuration);
  const auxiliary = joinStateTables(auxiliaries, environment.stateCount);
  const source = environmentSource(environment, { seed, stream: 'train', auxiliary });
  const training = await place.open(model, source, { objective, optimization, auxiliaries });
  let step = 0;
  const run = async (count: number) => {
    const start = performance.now();
    // Drawing the images is part of our step; PyTorch's side trains on one batch that it was given.
    for (let i = 0; i < count; i++, step++) {
      const batch = await source.batch(step, optimization.batchSize, objective.horizon);
      await training.run(batch, step, learningRateAt(step, optimization));
    }
    return performance.now() - start;
  };
  await run(steps < 20 ? steps : 20);
  const stop = async () => {
    await training.dispose();
    await place.dispose();
  };
  return { name: `jepa-onnx on ${name}`, run, stop };
}

async function torchSide(channelsLast: boolean): Promise<Side | undefined> {
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
  child.stdin.write(`${JSON.stringify({ threads, batch: 64, channels_last: channelsLast })}\n`);
  const hello = await nextLine();
  if (hello === undefined) return undefined;
  const { torch, parameters } = JSON.parse(hello) as { torch: string; parameters: number };
  return {
    name: `PyTorch ${torch} eager${channelsLast ? ', channels last' : ''} (${parameters} parameters)`,
    async run(count) {
      child.stdin.write(`${count}\n`);
      return Number(await nextLine());
    },
    stop: () => void child.kill(),
  };
}

const torch = [await torchSide(false), await torchSide(true)].filter((side) => side !== undefined);
if (torch.length === 0)
  console.log(
    `PyTorch: absent (${values.python} cannot import torch); only our own step is timed. Remedy: --python VENV/bin/python`,
  );
const sides = [await ourSide('tensorflow')];
for (const name of values.places.split(',').filter((each) => each !== '')) sides.push(await ourSide(name));
sides.push(...torch);
console.log(`${cpus()[0]?.model}, ${threads} threads, ${rounds} rounds of ${steps} steps in turns`);
const times = sides.map((): number[] => []);
for (let round = 0; round < rounds; round++)
  for (const [i, side] of sides.entries()) times[i].push((await side.run(steps)) / steps);
const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const [ours] = times;
for (const [i, side] of sides.entries()) {
  const ratios = times[i].map((ms, round) => ms / ours[round]);
  console.log(
    `${side.name}: median ${median(times[i]).toFixed(1)} ms, best ${Math.min(...times[i]).toFixed(1)} ms a step, ` +
      `${median(ratios).toFixed(2)} times ours (median of the rounds)`,
  );
  await side.stop();
}

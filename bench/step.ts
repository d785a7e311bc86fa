// `npm run bench:step`: one training step of the preset `small` here and in PyTorch eager, in turns, with the same network,
// batch, loss, optimizer and threads. PyTorch is an extra of this bench: where python3 cannot import it, the bench says so.
// Usage: node --import tsx bench/step.ts [--threads 2] [--rounds 7] [--steps 30] [--python python3]
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { buildEnvironmentParts } from '../pipeline/parts.ts';
import { joinStateTables } from '../src/auxiliary/index.ts';
import { environmentSource } from '../src/data/environment-source.ts';
import { loadTensorFlow } from '../src/tensorflow/load.ts';
import { resolveConfiguration } from '../src/training/presets.ts';
import { learningRateAt } from '../src/training/schedule.ts';
import { TrainingStep } from '../src/training/training-step.ts';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '7' },
    steps: { type: 'string', default: '30' },
    python: { type: 'string', default: 'python3' },
  },
});
const threads = Number(values.threads);
const rounds = Number(values.rounds);
const steps = Number(values.steps);

interface Side {
  readonly name: string;
  /** Milliseconds of `count` steps. */
  readonly run: (count: number) => Promise<number>;
  readonly stop: () => void;
}

async function ourSide(): Promise<Side> {
  await loadTensorFlow({ threads });
  const configuration = resolveConfiguration({ preset: 'small', environment: 'counting', threads });
  const { optimization, objective, seed } = configuration;
  const { environment, auxiliaries, model } = await buildEnvironmentParts(configuration);
  const auxiliary = joinStateTables(auxiliaries, environment.stateCount);
  const source = environmentSource(environment, { seed, stream: 'train', auxiliary });
  const training = new TrainingStep(model, source, { objective, optimization, auxiliaries });
  let step = 0;
  const run = async (count: number) => {
    const start = performance.now();
    // Drawing the images is part of our step; PyTorch's side trains on one batch that it was given.
    for (let i = 0; i < count; i++, step++) {
      const batch = await source.batch(step, optimization.batchSize, objective.horizon);
      training.run(batch, step, learningRateAt(step, optimization));
    }
    return performance.now() - start;
  };
  await run(20);
  return { name: 'jepa-onnx', run, stop: () => training.dispose() };
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
    stop: () => child.kill(),
  };
}

const torch = [await torchSide(false), await torchSide(true)].filter((side) => side !== undefined);
if (torch.length === 0)
  console.log(
    `PyTorch: absent (${values.python} cannot import torch); only our own step is timed. Remedy: --python VENV/bin/python`,
  );
const sides = [await ourSide(), ...torch];
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
  side.stop();
}

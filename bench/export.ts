// `npm run bench:export`: latency in onnxruntime of networks exported here and of the same networks exported by torch.onnx, in
// turns. PyTorch (with onnx) is an extra of this bench: where the Python cannot import it, the bench says so.
// Usage: node --import tsx bench/export.ts [--threads 2] [--rounds 15] [--python python3] [--only encoder,resnet50]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { exportOnnx } from '../export/index.ts';
import { inspectOnnx } from '../export/inspect.ts';
import { mobileNetV2, resNet50 } from '../test/export/networks.ts';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '15' },
    python: { type: 'string', default: 'python3' },
    only: { type: 'string' },
  },
});
const threads = Number(values.threads);
const rounds = Number(values.rounds);
const { layers } = tf;
type Tensor = tf.SymbolicTensor;

function encoder(): tf.LayersModel {
  const x = tf.input({ shape: [64, 64, 3], name: 'x' });
  let y: unknown = x;
  for (const [kernelSize, strides] of [
    [8, 4],
    [4, 2],
  ] as const) {
    y = layers.conv2d({ filters: 24, kernelSize, strides, padding: 'same', useBias: false }).apply(y as Tensor);
    y = layers.reLU().apply(layers.batchNormalization().apply(y as Tensor));
  }
  y = layers.dense({ units: 128, useBias: false }).apply(layers.flatten().apply(y as Tensor));
  y = layers.activation({ activation: 'mish' as 'relu' }).apply(layers.batchNormalization().apply(y as Tensor));
  return tf.model({ inputs: x, outputs: layers.dense({ units: 64 }).apply(y as Tensor) as Tensor });
}

function predictor(): tf.LayersModel {
  const inputs = [tf.input({ shape: [64], name: 'latent' }), tf.input({ shape: [1], name: 'action' })];
  let y = layers.concatenate().apply(inputs);
  for (let i = 0; i < 2; i++) {
    y = layers.layerNormalization({ epsilon: 1e-5 }).apply(layers.dense({ units: 256 }).apply(y));
    y = layers.activation({ activation: 'mish' as 'relu' }).apply(y);
  }
  return tf.model({ inputs, outputs: layers.dense({ units: 64 }).apply(y) as Tensor });
}

function text(): tf.LayersModel {
  const x = tf.input({ shape: [100], name: 'x', dtype: 'int32' });
  let y = layers.embedding({ inputDim: 2000, outputDim: 64 }).apply(x);
  for (let i = 0; i < 2; i++) {
    const layer = layers.lstm({
      units: 64,
      returnSequences: true,
      recurrentActivation: 'sigmoid',
      recurrentInitializer: 'glorotNormal',
    });
    y = layers.bidirectional({ layer: layer as tf.RNN, mergeMode: 'concat' }).apply(y);
  }
  y = layers.globalAveragePooling1d().apply(y);
  return tf.model({ inputs: x, outputs: layers.dense({ units: 5, activation: 'softmax' }).apply(y) as Tensor });
}

interface Network {
  readonly build: () => tf.LayersModel;
  /** Shapes by input name, in the file's layout. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
}

const networks: Readonly<Record<string, Network>> = {
  encoder: { build: encoder, inputs: { x: [64, 3, 64, 64] } },
  predictor: { build: predictor, inputs: { latent: [64, 64], action: [64, 1] } },
  resnet50: { build: () => resNet50(224), inputs: { x: [1, 3, 224, 224] } },
  mobilenet: { build: () => mobileNetV2(224), inputs: { x: [1, 3, 224, 224] } },
  text: { build: text, inputs: { x: [8, 100] } },
};

function exportByTorch(folder: string): Record<string, { torch: string; nodes: number }> | undefined {
  const script = fileURLToPath(new URL('torch/networks.py', import.meta.url));
  try {
    return JSON.parse(
      execFileSync(values.python, [script, folder], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  } catch (error) {
    const reason =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : String(error);
    console.log(`PyTorch is not there (${values.python}: ${reason}): nothing to compare with.`);
    console.log('Install it with: pip install torch onnx, and name that Python with --python.');
    return undefined;
  }
}

function feedsFor(session: ort.InferenceSession, inputs: Network['inputs']): Record<string, ort.Tensor> {
  return Object.fromEntries(
    session.inputMetadata.map((metadata) => {
      const shape = inputs[metadata.name];
      const length = shape.reduce((a, b) => a * b, 1);
      const type = metadata.isTensor ? metadata.type : 'float32';
      if (type === 'int32')
        return [
          metadata.name,
          new ort.Tensor(
            'int32',
            Int32Array.from({ length }, (_, i) => (i * 31) % 2000),
            [...shape],
          ),
        ];
      if (type === 'int64')
        return [
          metadata.name,
          new ort.Tensor(
            'int64',
            BigInt64Array.from({ length }, (_, i) => BigInt((i * 31) % 2000)),
            [...shape],
          ),
        ];
      return [
        metadata.name,
        new ort.Tensor(
          'float32',
          Float32Array.from({ length }, (_, i) => ((i * 31) % 97) / 97),
          [...shape],
        ),
      ];
    }),
  );
}

/**
 * Milliseconds of one run, the mean over as many as fill 60 ms. With one thread this is processor time, so that other work on
 * the machine does not count; with more it is time on the clock.
 */
async function time(session: ort.InferenceSession, feeds: Record<string, ort.Tensor>): Promise<number> {
  const started = performance.now();
  const usedBefore = process.cpuUsage();
  let count = 0;
  while (count === 0 || performance.now() - started < 60) {
    await session.run(feeds);
    count += 1;
  }
  const { user, system } = process.cpuUsage(usedBefore);
  return (threads === 1 ? (user + system) / 1000 : performance.now() - started) / count;
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

tf.enableProdMode();
await tf.setBackend('cpu');
const folder = mkdtempSync(join(tmpdir(), 'jepa-onnx-bench-'));
try {
  const torch = exportByTorch(folder);
  if (torch !== undefined) {
    console.log(
      `${cpus()[0].model}, ${threads} threads, onnxruntime-node ${ort.env.versions.node}, PyTorch ${Object.values(torch)[0].torch}, opset 17`,
    );
    console.log('network      nodes ours/torch   ms ours    ms torch   ratio (median of rounds in turns)');
    for (const [name, { build, inputs }] of Object.entries(networks)) {
      if (values.only !== undefined && !values.only.split(',').includes(name)) continue;
      const model = build();
      const ours = exportOnnx(model, { inputNames: Object.keys(inputs) });
      model.dispose();
      const options = { intraOpNumThreads: threads, logSeverityLevel: 3 } as const;
      const sessions = [
        await ort.InferenceSession.create(ours, options),
        await ort.InferenceSession.create(readFileSync(join(folder, `${name}.onnx`)), options),
      ];
      const feeds = sessions.map((session) => feedsFor(session, inputs));
      for (const i of [0, 1]) await time(sessions[i], feeds[i]);
      const times: [number, number][] = [];
      for (let round = 0; round < rounds; round++) {
        const turn: [number, number] = [0, 0];
        for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) turn[i] = await time(sessions[i], feeds[i]);
        times.push(turn);
      }
      const nodes = inspectOnnx(ours, name).nodes.length;
      const [a, b] = [median(times.map(([first]) => first)), median(times.map(([, second]) => second))];
      const ratio = median(times.map(([first, second]) => first / second));
      console.log(
        `${name.padEnd(12)} ${`${nodes}/${torch[name].nodes}`.padEnd(18)} ${a.toFixed(3).padStart(7)} ${b.toFixed(3).padStart(11)} ${ratio.toFixed(3).padStart(7)}`,
      );
      for (const session of sessions) await session.release();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

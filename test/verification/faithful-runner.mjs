// The smallest runner that obeys the protocol, on onnxruntime-node, without this package: what a stranger would write. Words
// before the protocol's arguments make it do one thing wrong.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';

const words = process.argv.slice(2);
const wrong = words[0].startsWith('--') ? words.shift() : '';
const [encoderPath, predictorPath, observationsPath, actionsPath, n, b, out] = words;
const [count, batch] = [Number(n), Number(b)];
const floats = (path) => new Float32Array(new Uint8Array(readFileSync(path)).buffer);
const options = { intraOpNumThreads: 1, logSeverityLevel: 4 };
const encoder = await ort.InferenceSession.create(encoderPath, options);
const predictor = await ort.InferenceSession.create(predictorPath, options);

async function inBatches(run) {
  const parts = [];
  for (let from = 0; from < count; from += batch) parts.push(...(await run(from, Math.min(count, from + batch))));
  return Float32Array.from(parts);
}
const [input] = encoder.inputMetadata;
const sides = input.shape.slice(1);
const rowSize = sides.reduce((product, side) => product * side, 1);
const observations = floats(observationsPath);
const begin = performance.now();
const latent = await inBatches(async (from, to) => {
  const data = observations.slice(from * rowSize, to * rowSize);
  const result = await encoder.run({ [input.name]: new ort.Tensor('float32', data, [to - from, ...sides]) });
  return result[encoder.outputNames[0]].data;
});
const encodeMs = performance.now() - begin;
const size = latent.length / count;
const actions = floats(actionsPath);
const actionSize = actions.length / (2 * count);
const step = (before, which) =>
  inBatches(async (from, to) => {
    const rows = to - from;
    const block = wrong === '--swap-actions' ? 1 - which : which;
    const first = (block * count + from) * actionSize;
    const result = await predictor.run({
      latent: new ort.Tensor('float32', before.slice(from * size, to * size), [rows, size]),
      action: new ort.Tensor('float32', actions.slice(first, first + rows * actionSize), [rows, actionSize]),
    });
    return result[predictor.outputNames[0]].data;
  });
const one = await step(latent, 0);
const two = await step(one, 1);
if (wrong === '--nan') latent[3] = Number.NaN;
if (wrong === '--batch-of-one' && batch === 1) latent[0] += 100;
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'latent.bin'), wrong === '--short' ? latent.subarray(1) : latent);
writeFileSync(join(out, 'predicted_1.bin'), one);
writeFileSync(join(out, 'predicted_2.bin'), two);
writeFileSync(
  join(out, 'runtime.json'),
  wrong === '--no-json'
    ? 'I ran.'
    : JSON.stringify({
        runtime: 'faithful',
        version: `onnxruntime-node ${ort.env.versions.node}`,
        provider: 'CPUExecutionProvider',
        device: 'cpu',
        precision: 'float32',
        threads: Number(process.env.JEPA_THREADS ?? 1),
        encodeMs,
      }),
);

// The exported world model in onnxruntime-node: encode observations, predict two actions ahead. Protocol: ../README.md.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';

const usage = '<encoder.onnx> <predictor.onnx> <observations.bin> <actions.bin> <N> <batch size> [<out folder>]';

function refuse(where, expected, found, remedy) {
  throw new Error(`${where}: expected ${expected}, found ${found}. ${remedy}`);
}

function positive(where, text) {
  if (!/^0*[1-9][0-9]*$/.test(text)) refuse(where, 'a whole number above 0', `"${text}"`, 'Give 1 or more.');
  return Number(text);
}

const profiles = mkdtempSync(join(tmpdir(), 'jepa-profile-'));
process.on('exit', () => rmSync(profiles, { recursive: true, force: true }));

/** Opens a model of as many inputs as one of `inputs`; the first run is profiled, since the profile names the provider of every node that ran. */
async function openModel(path, threads, inputs) {
  const folder = mkdtempSync(join(profiles, 'model-'));
  const options = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    enableProfiling: true,
    profileFilePrefix: join(folder, 'profile'),
  };
  const session = await ort.InferenceSession.create(path, options).catch((error) => {
    refuse(path, 'a model that onnxruntime loads', `this: ${error.message}`, 'Export it again.');
  });
  if (!inputs.includes(session.inputNames.length)) {
    const remedy =
      'Name encoder and predictor in this order; an observation is an image, a vector, or an image and a vector.';
    refuse(path, `${inputs.join(' or ')} inputs`, session.inputNames.length, remedy);
  }
  for (const { name, type } of session.inputMetadata)
    if (type !== 'float32' && type !== 'uint8')
      refuse(`${path}: input ${name}`, 'float32 or uint8', type, 'Export with inputs of these types.');
  return { session, folder, providers: undefined };
}

function readProviders(model) {
  model.session.endProfiling();
  const events = JSON.parse(readFileSync(join(model.folder, readdirSync(model.folder)[0]), 'utf8'));
  model.providers = [...new Set(events.map(({ args }) => args?.provider).filter(Boolean))].sort();
}

/** The raw little-endian values of a file as rows, for each of `inputs` in turn: { type, shape, data }, with the shape of one row. */
function readRows(path, rows, inputs) {
  const sizes = inputs.map(({ type, shape }) => {
    const values = [...rows, ...shape.slice(1)].reduce((product, side) => product * side);
    return values * (type === 'uint8' ? 1 : 4);
  });
  const bytes = Uint8Array.from(readFileSync(path));
  const expected = sizes.reduce((sum, size) => sum + size);
  if (bytes.byteLength !== expected) {
    const what = inputs
      .map(({ type, shape }) => `${type} [${[...rows, ...shape.slice(1)].join(', ')}]`)
      .join(', then ');
    const remedy = "Check N, and that the values have the shape and type of the model's inputs.";
    refuse(path, `${expected} bytes for ${what}`, bytes.byteLength, remedy);
  }
  let begin = 0;
  return inputs.map(({ type, shape }, i) => {
    const own = bytes.slice(begin, begin + sizes[i]);
    begin += sizes[i];
    return { type, shape: shape.slice(1), data: type === 'uint8' ? own : new Float32Array(own.buffer) };
  });
}

/** Rows `from` to `to` of the inputs, in the model's order, to the rows of its output. */
async function runBatch(model, inputs, from, to) {
  const { session } = model;
  const feeds = inputs.map(({ type, shape, data }, i) => {
    const size = shape.reduce((product, side) => product * side, 1);
    const rows = data.subarray(from * size, to * size);
    return [session.inputNames[i], new ort.Tensor(type, rows, [to - from, ...shape])];
  });
  const results = await session.run(Object.fromEntries(feeds));
  if (model.providers === undefined) readProviders(model);
  return results[session.outputNames[0]];
}

async function runBatches(model, inputs, count, batchSize) {
  let rows;
  for (let from = 0; from < count; from += batchSize) {
    const output = await runBatch(model, inputs, from, Math.min(from + batchSize, count));
    const [, size] = output.dims;
    rows ??= { type: output.type, shape: [size], data: new Float32Array(count * size) };
    rows.data.set(output.data, from * size);
  }
  return rows;
}

async function main([encoderPath, predictorPath, observationsPath, actionsPath, countText, batchText, out, ...rest]) {
  if (batchText === undefined || rest.length > 0)
    refuse('arguments', usage, `${process.argv.length - 2} of them`, 'See examples/deploy/README.md.');
  const count = positive('N', countText);
  const batchSize = positive('batch size', batchText);
  const threads = positive('JEPA_THREADS', process.env.JEPA_THREADS ?? '1');

  const encoder = await openModel(encoderPath, threads, [1, 2]);
  const predictor = await openModel(predictorPath, threads, [2]);
  const observations = readRows(observationsPath, [count], encoder.session.inputMetadata);
  const [actions] = readRows(actionsPath, [2, count], [predictor.session.inputMetadata[1]]);
  const middle = actions.data.length / 2;
  const first = { ...actions, data: actions.data.subarray(0, middle) };
  const second = { ...actions, data: actions.data.subarray(middle) };

  await runBatch(encoder, observations, 0, Math.min(batchSize, count));
  const begin = performance.now();
  const latent = await runBatches(encoder, observations, count, batchSize);
  const encodeMs = performance.now() - begin;
  const predicted1 = await runBatches(predictor, [latent, first], count, batchSize);
  const predicted2 = await runBatches(predictor, [predicted1, second], count, batchSize);

  const results = { latent, predicted_1: predicted1, predicted_2: predicted2 };
  if (out === undefined) {
    for (const [name, { shape, data }] of Object.entries(results))
      console.log(name, ...Array.from(data.subarray(0, shape[0]), (value) => value.toFixed(4)));
    return;
  }
  mkdirSync(out, { recursive: true });
  for (const [name, { data }] of Object.entries(results)) writeFileSync(join(out, `${name}.bin`), data);
  const provider = encoder.providers.join('+');
  const description = {
    runtime: 'onnxruntime-node',
    version: `onnxruntime-node ${ort.env.versions.node}`,
    provider,
    device: provider.replaceAll('ExecutionProvider', '').toLowerCase(),
    precision: latent.type,
    threads,
    encodeMs,
  };
  writeFileSync(join(out, 'runtime.json'), `${JSON.stringify(description, undefined, 2)}\n`);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message.replace(/\s+/g, ' '));
  process.exitCode = 1;
});

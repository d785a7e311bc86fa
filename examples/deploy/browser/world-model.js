// The exported world model in onnxruntime-web: encode observations, predict two actions ahead. Everything is fetched from paths
// beside the page: encoder.onnx, predictor.onnx, observations.bin and actions.bin (../README.md), and onnxruntime-web/.

function refuse(where, expected, found, remedy) {
  throw new Error(`${where}: expected ${expected}, found ${found}. ${remedy}`);
}

async function fetchBytes(name) {
  const response = await fetch(name);
  if (!response.ok)
    refuse(name, 'a file beside the page', `HTTP ${response.status}`, 'Serve the folder of the export.');
  return new Uint8Array(await response.arrayBuffer());
}

async function openModel(ort, path, provider, inputs) {
  const session = await ort.InferenceSession.create(await fetchBytes(path), { executionProviders: [provider] }).catch(
    (error) => {
      refuse(path, `a model that onnxruntime-web loads on ${provider}`, `this: ${error.message}`, 'Try provider=wasm.');
    },
  );
  if (!inputs.includes(session.inputNames.length)) {
    const remedy =
      'Name encoder and predictor in this order; an observation is an image, a vector, or an image and a vector.';
    refuse(path, `${inputs.join(' or ')} inputs`, session.inputNames.length, remedy);
  }
  for (const { name, type } of session.inputMetadata)
    if (type !== 'float32' && type !== 'uint8')
      refuse(`${path}: input ${name}`, 'float32 or uint8', type, 'Export with inputs of these types.');
  return session;
}

/** The raw little-endian values of a file as rows, for each of `inputs` in turn: { type, shape, data }, with the shape of one row. */
async function fetchRows(path, rows, inputs) {
  const sizes = inputs.map(({ type, shape }) => {
    const values = [...rows, ...shape.slice(1)].reduce((product, side) => product * side);
    return values * (type === 'uint8' ? 1 : 4);
  });
  const bytes = await fetchBytes(path);
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
async function runBatch(ort, session, inputs, from, to) {
  const feeds = inputs.map(({ type, shape, data }, i) => {
    const size = shape.reduce((product, side) => product * side, 1);
    const rows = data.subarray(from * size, to * size);
    return [session.inputNames[i], new ort.Tensor(type, rows, [to - from, ...shape])];
  });
  const results = await session.run(Object.fromEntries(feeds));
  return results[session.outputNames[0]];
}

async function runBatches(ort, session, inputs, { count, batchSize }) {
  let rows;
  for (let from = 0; from < count; from += batchSize) {
    const output = await runBatch(ort, session, inputs, from, Math.min(from + batchSize, count));
    const [, size] = output.dims;
    rows ??= { type: output.type, shape: [size], data: new Float32Array(count * size) };
    rows.data.set(output.data, from * size);
  }
  return rows;
}

/** options: count (N), batchSize, threads, provider (wasm or webgpu). Gives { description, results: { name: { size, data } } }. */
export async function encodeAndPredict(options) {
  const { count, batchSize, threads, provider } = options;
  const bundle = provider === 'webgpu' ? 'ort.webgpu.bundle.min.mjs' : 'ort.wasm.bundle.min.mjs';
  const ort = await import(`./onnxruntime-web/${bundle}`);
  ort.env.logLevel = 'fatal';
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = new URL('onnxruntime-web/', location.href).href;

  const encoder = await openModel(ort, 'encoder.onnx', provider, [1, 2]);
  const predictor = await openModel(ort, 'predictor.onnx', provider, [2]);
  if (ort.env.wasm.numThreads !== threads)
    refuse('threads', threads, ort.env.wasm.numThreads, 'Serve the page with COOP same-origin and COEP require-corp.');
  const observations = await fetchRows('observations.bin', [count], encoder.inputMetadata);
  const [actions] = await fetchRows('actions.bin', [2, count], [predictor.inputMetadata[1]]);
  const middle = actions.data.length / 2;
  const first = { ...actions, data: actions.data.subarray(0, middle) };
  const second = { ...actions, data: actions.data.subarray(middle) };

  await runBatch(ort, encoder, observations, 0, Math.min(batchSize, count));
  const begin = performance.now();
  const latent = await runBatches(ort, encoder, observations, options);
  const encodeMs = performance.now() - begin;
  const predicted1 = await runBatches(ort, predictor, [latent, first], options);
  const predicted2 = await runBatches(ort, predictor, [predicted1, second], options);

  const adapter = provider === 'webgpu' ? (await ort.env.webgpu.device).adapterInfo : undefined;
  const description = {
    runtime: 'onnxruntime-web (browser)',
    version: `onnxruntime-web ${ort.env.versions.web}`,
    // A page cannot ask a session; it has this provider alone, and onnxruntime-web refuses one that does not start.
    provider,
    device: adapter
      ? `${adapter.vendor} ${adapter.architecture}`.trim()
      : `cpu, ${navigator.userAgent.split(' ').at(-2)}`,
    precision: latent.type,
    threads: ort.env.wasm.numThreads,
    encodeMs,
  };
  const sized = ({ shape, data }) => ({ size: shape[0], data });
  return {
    description,
    results: { latent: sized(latent), predicted_1: sized(predicted1), predicted_2: sized(predicted2) },
  };
}

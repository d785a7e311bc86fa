// The page that runs the protocol in a browser, as text: it is served to Chromium as it stands, without a bundler. It reads
// its task from the address, takes the files by fetch and puts the results back; what ran is read back from the browser.
//
//   ?provider=wasm|webgpu&threads=1&count=N&batch=B

/** The name of the promise that the page's window holds. */
export const PAGE_RESULT = 'jepaResult';

export const pageHtml =
  '<!doctype html><meta charset="utf-8"><title>jepa</title><script type="module" src="/page.js"></script>\n';

/** onnxruntime-web as asked for, and what it runs on. */
const openRuntime = `
async function describeAdapter() {
  if (!navigator.gpu) throw new Error('unavailable: the browser has no WebGPU');
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error('unavailable: the browser has no WebGPU adapter');
  const { vendor, architecture, description, device } = adapter.info;
  return [...new Set([vendor, architecture, description, device])].filter((part) => part).join(' ');
}

async function openRuntime(provider, threads) {
  const ort = await import(provider === 'webgpu' ? '/ort/ort.webgpu.min.mjs' : '/ort/ort.wasm.min.mjs');
  ort.env.logLevel = 'fatal';
  ort.env.wasm.numThreads = threads;
  if (threads > 1 && !crossOriginIsolated) throw new Error('expected an isolated page for ' + threads + ' threads');
  const adapter = provider === 'webgpu' ? await describeAdapter() : undefined;
  const options = {
    executionProviders: [provider],
    logSeverityLevel: 4,
    // Single nodes that the GPU does not have would run in WebAssembly, and nobody would know.
    ...(provider === 'webgpu' ? { extra: { session: { disable_cpu_ep_fallback: '1' } } } : {}),
  };
  return { ort, adapter, options };
}
`.trim();

export const pageScript = `
const task = new URLSearchParams(location.search);
const [provider, threads, count, batch] = [task.get('provider'), ...['threads', 'count', 'batch'].map((key) => Number(task.get(key)))];
const elements = { float32: Float32Array, uint8: Uint8Array };

async function bytesOf(name) {
  const response = await fetch('/files/' + name);
  if (!response.ok) throw new Error('expected ' + name + ', got status ' + response.status);
  return response.arrayBuffer();
}
async function put(name, values) {
  const response = await fetch('/results/' + name, { method: 'PUT', body: values });
  if (!response.ok) throw new Error('expected to leave ' + name + ', got status ' + response.status);
}
async function inBatches(rows, run) {
  let all;
  for (let from = 0; from < rows; from += batch) {
    const to = Math.min(rows, from + batch);
    const part = await run(from, to);
    all ??= new Float32Array(rows * (part.length / (to - from)));
    all.set(part, from * (part.length / (to - from)));
  }
  return all;
}

${openRuntime}

async function work() {
  const { ort, adapter, options } = await openRuntime(provider, threads);
  const open = async (name) => ort.InferenceSession.create(new Uint8Array(await bytesOf(name)), options);
  const encoder = await open('encoder.onnx');
  const file = await bytesOf('observations.bin');
  // All rows of the first input, then all rows of the next.
  let offset = 0;
  const columns = encoder.inputMetadata.map(({ name, type, shape }) => {
    const sides = shape.slice(1);
    const rowSize = sides.reduce((product, side) => product * side, 1);
    const end = offset + count * rowSize * elements[type].BYTES_PER_ELEMENT;
    const data = new elements[type](file.slice(offset, end));
    offset = end;
    return { name, type, sides, rowSize, data };
  });
  if (file.byteLength !== offset) throw new Error('observations: expected ' + offset + ' bytes, got ' + file.byteLength);
  const feed = (from, to) => Object.fromEntries(columns.map(({ name, type, sides, rowSize, data }) =>
    [name, new ort.Tensor(type, data.slice(from * rowSize, to * rowSize), [to - from, ...sides])]));
  const encode = async (from, to) => (await encoder.run(feed(from, to)))[encoder.outputNames[0]].data;
  await encode(0, Math.min(batch, count));
  const begin = performance.now();
  const latent = await inBatches(count, encode);
  const encodeMs = performance.now() - begin;
  const predictor = await open('predictor.onnx');
  const actionName = predictor.inputNames.find((name) => name === 'action') ?? predictor.inputNames[1];
  const latentName = predictor.inputNames.find((name) => name !== actionName);
  const actions = new Float32Array(await bytesOf('actions.bin'));
  const [size, actionSize] = [latent.length / count, actions.length / (2 * count)];
  const step = (before, which) => inBatches(count, async (from, to) => {
    const first = (which * count + from) * actionSize;
    const feeds = {
      [latentName]: new ort.Tensor('float32', before.slice(from * size, to * size), [to - from, size]),
      [actionName]: new ort.Tensor('float32', actions.slice(first, first + (to - from) * actionSize), [to - from, actionSize]),
    };
    return (await predictor.run(feeds))[predictor.outputNames[0]].data;
  });
  const one = await step(latent, 0);
  const two = await step(one, 1);
  await put('latent.bin', latent);
  await put('predicted_1.bin', one);
  await put('predicted_2.bin', two);
  return { version: ort.env.versions.web, threads: provider === 'webgpu' ? 1 : ort.env.wasm.numThreads, encodeMs, adapter, isIsolated: crossOriginIsolated };
}

window.${PAGE_RESULT} = work().then((result) => ({ result }), (error) => ({ error: String(error?.message ?? error) }));
`;

/** The names of what `sessionScript` leaves on the page's window. */
export const PAGE_OPEN = 'jepaOpen';
export const PAGE_LOAD = 'jepaLoad';
export const PAGE_RUN = 'jepaRun';

/**
 * A page that loads models and runs them on whatever tensors, as often as it is told: bytes travel as files, names, types and
 * shapes in the call. The first line of its address says nothing.
 */
export const sessionScript = `
const elements = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array,
  int16: Int16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array, bool: Uint8Array,
};
let runtime;
let session;

${openRuntime}

async function bytesOf(name) {
  const response = await fetch('/files/' + name);
  if (!response.ok) throw new Error('expected ' + name + ', got status ' + response.status);
  return response.arrayBuffer();
}
const answering = (work) => async (given) => {
  try {
    return { result: await work(given) };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
};
const specsOf = (list) => list.map(({ name, isTensor, type, shape }) => ({ name, type: isTensor ? type : 'sequence', shape }));

window.${PAGE_OPEN} = answering(async ({ provider, threads }) => {
  runtime = await openRuntime(provider, threads);
  // WebAssembly is started with the first session, and its version is known then.
  return { version: runtime.ort.env.versions.web, adapter: runtime.adapter };
});
window.${PAGE_LOAD} = answering(async ({ file }) => {
  await session?.release();
  session = await runtime.ort.InferenceSession.create(new Uint8Array(await bytesOf(file)), runtime.options);
  return { inputs: specsOf(session.inputMetadata), outputs: specsOf(session.outputMetadata) };
});
window.${PAGE_RUN} = answering(async ({ feeds, file, result }) => {
  const bytes = await bytesOf(file);
  const tensors = Object.fromEntries(feeds.map(({ name, type, shape, from, to }) =>
    [name, new runtime.ort.Tensor(type, new elements[type](bytes.slice(from, to)), shape)]));
  const begin = performance.now();
  const outputs = await session.run(tensors);
  const elapsedMs = performance.now() - begin;
  const parts = Object.entries(outputs).map(([name, { type, dims, data }]) => ({ name, type, shape: dims, data }));
  const response = await fetch('/results/' + result, { method: 'PUT', body: new Blob(parts.map(({ data }) => data)) });
  if (!response.ok) throw new Error('expected to leave ' + result + ', got status ' + response.status);
  return { elapsedMs, outputs: parts.map(({ name, type, shape, data }) => ({ name, type, shape, byteLength: data.byteLength })) };
});
`;

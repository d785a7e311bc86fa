// The page that runs the protocol in a browser, as text: it is served to Chromium as it stands, without a bundler. It reads
// its task from the address, takes the files by fetch and puts the results back; what ran is read back from the browser.
//
//   ?provider=wasm|webgpu&threads=1&count=N&batch=B&values=0|1

/** The name of the promise that the page's window holds. */
export const PAGE_RESULT = 'jepaResult';

export const pageHtml =
  '<!doctype html><meta charset="utf-8"><title>jepa</title><script type="module" src="/page.js"></script>\n';

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

async function describeAdapter() {
  if (!navigator.gpu) throw new Error('unavailable: the browser has no WebGPU');
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error('unavailable: the browser has no WebGPU adapter');
  const { vendor, architecture, description, device } = adapter.info;
  return [...new Set([vendor, architecture, description, device])].filter((part) => part).join(' ');
}

async function work() {
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
  if (task.get('values') === '1') {
    const values = await encoder.run(feed(0, count));
    const names = encoder.outputNames.filter((name) => values[name].type === 'float32');
    for (const [index, name] of names.entries()) await put('value_' + index + '.bin', values[name].data);
    return { names };
  }
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

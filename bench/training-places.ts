// Trains by training-step.onnx alone, in Python's onnxruntime or in a page of Chromium (WebAssembly, one thread), from the initial weights of
// a run and on the batches and rates that `jepa train` had for it. Writes the state for `jepa export RUN --state`.
// Usage: node --import tsx bench/training-places.ts RUN --place python|chromium --out FILE(.npz|.safetensors) [--python python3]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { exportTrainingStep } from '../export/training/index.ts';
import { openRunOrigin } from '../pipeline/origin.ts';
import { trainingShapeOf } from '../pipeline/train/shape.ts';
import type { TransitionBatch } from '../src/data/transition.ts';
import { readConfiguration } from '../src/run/folder.ts';
import { learningRateAt } from '../src/training/schedule.ts';
import { launchChromium } from '../src/verification/chromium.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    place: { type: 'string' },
    out: { type: 'string' },
    python: { type: 'string', default: 'python3' },
  },
});
const [run] = positionals;
const { place, out, python } = values;
if (run === undefined || out === undefined || (place !== 'python' && place !== 'chromium'))
  throw new Error(`expected RUN --place python|chromium --out FILE, got ${process.argv.slice(2).join(' ')}`);

tf.enableProdMode();
await tf.setBackend('cpu');
const configuration = readConfiguration(run);
const { objective, optimization } = configuration;
const { batchSize, steps } = optimization;
const origin = await openRunOrigin(run, configuration, {});
const { model, auxiliaries } = origin.parts;
const shape = trainingShapeOf(origin.parts);
const files = exportTrainingStep(model, shape, { objective, optimization, auxiliaries });
const rows = (objective.horizon + 1) * batchSize;
const about = {
  ...files.description,
  configuration,
  steps,
  /** What is fetched for each step as /NUMBER/NAME, NUMBER from 1. */
  fed: {
    observations: { type: shape.observationType, shape: [rows, ...shape.observationShape] },
    actions: { type: 'float32', shape: [objective.horizon * batchSize, shape.actionSize] },
    targets: { type: 'float32', shape: [rows, shape.auxiliarySize] },
    rate: { type: 'float32', shape: [] },
  },
};

const here = import.meta.dirname;
const onnxruntime = dirname(fileURLToPath(import.meta.resolve('onnxruntime-web')));
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
const contents: Readonly<Record<string, Uint8Array | string>> = {
  'training-step.onnx': files.step,
  'training-start.onnx': files.start,
  'about.json': JSON.stringify(about),
};
const paths: Readonly<Record<string, string>> = {
  '': join(here, 'training-places/page.html'),
  'safetensors.js': join(here, '../examples/train/node/safetensors.js'),
};

let drawn: { readonly number: number; readonly batch: TransitionBatch } | undefined;

/** What step `number` is fed. */
async function fedOf(number: number, name: string): Promise<ArrayBufferView> {
  if (drawn?.number !== number) {
    drawn = { number, batch: await origin.source.batch(number - 1, batchSize, objective.horizon) };
    if (number % 100 === 1) console.error(`${place}: step ${number} of ${steps}`);
  }
  const { observations, actions, auxiliary } = drawn.batch;
  const rate = Float32Array.of(learningRateAt(number - 1, optimization));
  return { observations, actions, targets: auxiliary, rate }[name] ?? new Uint8Array(0);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = (request.url ?? '/').slice(1);
  if (request.method === 'PUT') {
    const chunks: Buffer[] = await request.toArray();
    writeFileSync(String(out), Buffer.concat(chunks));
    response.writeHead(204).end();
    return;
  }
  const [number, fed] = name.split('/');
  if (fed !== undefined && /^\d+$/.test(number)) {
    const { buffer, byteOffset, byteLength } = await fedOf(Number(number), fed);
    response.end(new Uint8Array(buffer, byteOffset, byteLength));
    return;
  }
  if (contents[name] !== undefined) {
    response.end(contents[name]);
    return;
  }
  const path = paths[name] ?? (/^ort[\w.-]*\.(mjs|wasm)$/.test(name) ? join(onnxruntime, name) : undefined);
  if (path === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' });
  createReadStream(path).pipe(response);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const bound = server.address();
const address = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}/`;
const started = performance.now();
if (place === 'python') {
  const script = join(here, 'training-places/train.py');
  const [code] = await once(spawn(python, [script, address, out], { stdio: 'inherit' }), 'exit');
  if (code !== 0) throw new Error(`${script}: expected exit code 0, got ${code}`);
} else {
  const browser = await launchChromium('wasm');
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(address);
    console.error(await page.evaluate('train()'));
  } finally {
    await browser.close();
  }
}
server.closeAllConnections();
server.close();
await origin.dispose();
console.error(`${out}: ${steps} steps in ${((performance.now() - started) / 1000).toFixed(0)} s`);

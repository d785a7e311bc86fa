// The library entry in Node, over HTTP as in a page: the same numbers as onnxruntime-node, and what is said where files are
// missing or are something else.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLatents } from '../../src/measures/latents.ts';
import { randomFor } from '../../src/random.ts';
import { openSubject } from '../../src/run/subject.ts';
import { openWorldSession } from '../../src/run/world-session.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { loadWorldModel, pixelsOf } from '../../web/index.ts';
import { fixtureLatentSize, writeRunFixture } from '../evaluation/run-fixture.ts';
import { expectClose } from '../matcher/close.ts';
import { openWebServer, type WebServer } from './web-server.ts';

/** Two builds of one library on float32: they differ in the order of their sums. */
const TOLERANCE = { absolute: 2e-5, relative: 1e-4 };

const folder = mkdtempSync(join(tmpdir(), 'jepa-web-'));
/** Files that a test puts in the place of the export's own, by name; null: not there. */
const replaced = new Map<string, { readonly type: string; readonly content: Uint8Array | string } | null>();
let server: WebServer;

beforeAll(async () => {
  await writeRunFixture(join(folder, 'nchw'));
  await writeRunFixture(join(folder, 'nhwc'), { layout: 'nhwc', pixels: 'uint8' });
  server = await openWebServer((request, response) => {
    const path = (request.url ?? '/').slice(1);
    const other = replaced.get(basename(path));
    if (other === null) response.writeHead(404).end('no such file');
    else if (other) response.writeHead(200, { 'Content-Type': other.type }).end(other.content);
    else response.end(readFileSync(join(folder, path)));
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const wasm = { runtime: 'wasm', threads: 1 } as const;
const random = randomFor(3, 'observations');
const observations = Uint8Array.from({ length: 3 * 64 * 64 * 3 }, () => random.integer(256));
const actions = Float32Array.of(1, 0, 0, 1, 1, 0);

describe.each(['nchw', 'nhwc'])('an export in %s', (layout) => {
  test('encodes, predicts and asks the head as onnxruntime-node does', async () => {
    const model = await loadWorldModel(`${server.url}${layout}/export`, wasm);
    const runtime = await openRuntime('cpu', { threads: 1 });
    const session = await openWorldSession(runtime, openSubject(join(folder, layout)), [64, 64, 3]);
    const expected = await session.encode(observations);
    const latents = await model.encode(observations);
    expectClose(latents, expected.values, TOLERANCE, 'latents');
    const next = await model.predict(latents, actions);
    expectClose(next, await session.predict(expected, actions), TOLERANCE, 'next latents');
    const [head, expectedHead] = [
      await model.auxiliary(next),
      await session.auxiliary?.(createLatents(next, latents.length / 3)),
    ];
    expectClose(head, expectedHead ?? [], TOLERANCE, 'auxiliary');
    expect(model).toMatchObject({
      observationShape: [64, 64, 3],
      latentSize: fixtureLatentSize,
      actionSize: 2,
      auxiliarySize: 1,
      runtime: { runtime: 'wasm', threads: 1, reason: 'WebAssembly was asked for.', version: 'onnxruntime-web 1.30.0' },
    });
    await session.dispose();
    await runtime.dispose();
    await model.dispose();
  });
});

test('calls at the same time are answered one after the other, each with its own numbers', async () => {
  const model = await loadWorldModel(`${server.url}nchw/export/export.json`, wasm);
  const size = 64 * 64 * 3;
  const each = await Promise.all([0, 1, 2].map((i) => model.encode(observations.subarray(i * size, (i + 1) * size))));
  const together = await model.encode(observations);
  expectClose(
    each.flatMap((latent) => Array.from(latent)),
    together,
    TOLERANCE,
    'latents',
  );
  // A call that fails does not keep the ones after it.
  const [failed, after] = await Promise.allSettled([
    model.predict(together, Float32Array.of(1)),
    model.auxiliary(together),
  ]);
  expect(failed.status).toBe('rejected');
  expect(after.status).toBe('fulfilled');
  await model.dispose();
});

describe('is refused with the reason and the remedy', () => {
  test.each<[string, string, { type: string; content: string } | null, RegExp, RegExp]>([
    [
      'a missing file',
      'predictor.onnx',
      null,
      /predictor\.onnx: expected a file, got status 404/,
      /whole export folder/,
    ],
    ['no export at all', 'export.json', null, /export\.json: expected a file, got status 404/, /whole export folder/],
    [
      "a host's page in its place",
      'encoder.onnx',
      { type: 'text/html', content: '<p>' },
      /got a web page/,
      /the host answers/i,
    ],
    [
      'something else than JSON',
      'export.json',
      { type: 'text/plain', content: 'export' },
      /expected JSON, got 6 characters/,
      /^$/,
    ],
    [
      'a model of TensorFlow.js',
      'export.json',
      { type: 'application/json', content: '{"format":"layers-model","modelTopology":{}}' },
      /expected an export of format 1, got a model of TensorFlow\.js/,
      /jepa export/,
    ],
    [
      'a broken model',
      'encoder.onnx',
      { type: '', content: 'ONNX' },
      /encoder\.onnx: expected an ONNX model/,
      /Export it again/,
    ],
  ])('%s', async (_, name, other, message, remedy) => {
    replaced.set(name, other);
    try {
      const error = await loadWorldModel(`${server.url}nchw/export/`, wasm).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ message: expect.stringMatching(message) });
      expect(String((error as { remedy?: string }).remedy ?? '')).toMatch(remedy);
    } finally {
      replaced.clear();
    }
  });

  test("a model of another kind: the predictor's file in the encoder's place", async () => {
    replaced.set('encoder.onnx', { type: '', content: readFileSync(join(folder, 'nchw', 'export', 'predictor.onnx')) });
    const loading = loadWorldModel(`${server.url}nchw/export/`, wasm);
    await expect(loading).rejects.toMatchObject({
      message: expect.stringMatching(
        /^encoder\.onnx: expected "observation" float32 \[N, 3, 64, 64\], got "latent" float32/,
      ),
      remedy: 'The file and export.json do not belong together: export the run again.',
    });
    replaced.clear();
  });

  test('a host that does not answer', async () => {
    const loading = loadWorldModel('http://127.0.0.1:1/', {
      ...wasm,
      fetch: () => Promise.reject(new TypeError('refused')),
    });
    await expect(loading).rejects.toThrow('http://127.0.0.1:1/export.json: expected a file, got no answer (refused)');
  });

  test('an address that is relative, outside of a page', async () => {
    await expect(loadWorldModel('export', wasm)).rejects.toMatchObject({
      message: 'loadWorldModel: expected the address of an export folder, got "export"',
      remedy: expect.stringContaining('whole address'),
    });
  });

  test('another number of threads than this process started with', async () => {
    const loading = loadWorldModel(`${server.url}nchw/export/`, { runtime: 'wasm', threads: 2 });
    await expect(loading).rejects.toThrow('threads: expected the 1 that this page started with, got 2');
  });

  test('observations, latents and actions that do not fill rows, and a head that is not there', async () => {
    const bare = join(folder, 'bare');
    await writeRunFixture(bare);
    const description = JSON.parse(readFileSync(join(bare, 'export', 'export.json'), 'utf8'));
    delete description.auxiliary;
    writeFileSync(join(bare, 'export', 'export.json'), JSON.stringify(description));
    copyFileSync(join(bare, 'export', 'predictor.onnx'), join(bare, 'export', 'auxiliary.onnx'));
    const model = await loadWorldModel(`${server.url}bare/export/`, wasm);
    await expect(model.encode(new Uint8Array(7))).rejects.toThrow(
      'encode: expected rows of 12288 numbers, got 7 numbers',
    );
    await expect(model.predict(new Float32Array(12), new Float32Array(2))).rejects.toThrow(
      'predict: expected an action for each of 2 latents, got 1',
    );
    await expect(model.auxiliary(new Float32Array(6))).rejects.toThrow('expected a world model with an auxiliary head');
    expect(model.auxiliarySize).toBe(0);
    await model.dispose();
  });
});

test('pixels of a canvas lose their opacity, or become grey', () => {
  const image = { width: 2, height: 1, data: Uint8ClampedArray.of(10, 20, 30, 255, 1, 2, 4, 0) };
  expect(Array.from(pixelsOf(image))).toEqual([10, 20, 30, 1, 2, 4]);
  expect(Array.from(pixelsOf(image, 1))).toEqual([20, 2]);
  expect(() => pixelsOf(image, 4)).toThrow('pixels: expected 3 channels or 1, got 4');
});

// The exporter in headless Chromium: TensorFlow.js, the export and onnxruntime-web in one page, under a content security
// policy that forbids eval.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, launchChromium } from '../chromium.ts';
import type { PageResult } from './browser/page.ts';

const runtimeFolder = dirname(fileURLToPath(import.meta.resolve('onnxruntime-web')));
const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.html': 'text/html',
};

let server: Server;
let script: string;

beforeAll(async () => {
  const bundle = await build({
    entryPoints: [join(import.meta.dirname, 'browser/page.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
  });
  script = bundle.outputFiles[0].text;
  server = createServer((request, response) => {
    const path = request.url ?? '/';
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    // No 'unsafe-eval': the exporter and protobufjs generate no code. WebAssembly alone is allowed.
    response.setHeader(
      'Content-Security-Policy',
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:",
    );
    const name = /^\/ort\/([\w.-]+)$/.exec(path)?.[1];
    const content =
      path === '/'
        ? '<!doctype html><script type="module" src="/page.js"></script>'
        : path === '/page.js'
          ? script
          : name
            ? readFileSync(join(runtimeFolder, name))
            : undefined;
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    const extension = path === '/' ? '.html' : path.slice(path.lastIndexOf('.'));
    response.writeHead(200, { 'Content-Type': types[extension] ?? 'application/octet-stream' }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

describe.skipIf(!hasChromium)('in a browser', () => {
  test('models are made, exported, run and found to agree in one page', async () => {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const result: PageResult = await page.evaluate(() => window.exportResult);
      expect(problems).toEqual([]);
      expect(result).toMatchObject({ backend: 'cpu', isCrossOriginIsolated: true });
      expect(result.models.map(({ name }) => name)).toEqual(['encoder', 'text']);
      for (const { name, error, sameBytes } of result.models) {
        expect(error, name).toBeLessThan(1e-5);
        expect(sameBytes, name).toBe(true);
      }
    } finally {
      await browser.close();
    }
  }, 120_000);

  test('the exporter itself is small: no generated code, nothing of Node', async () => {
    const bundle = await build({
      stdin: {
        contents: "export { exportOnnx } from './export/index.ts';",
        resolveDir: join(import.meta.dirname, '../..'),
      },
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      logLevel: 'error',
    });
    // 233 kB minified, protobufjs' wire reader and the layers of Keras 3 included; bundling for a browser fails on anything of Node.
    expect(bundle.outputFiles[0].contents.length).toBeLessThan(245_000);
    // The table of operations is only there where graph models are exported.
    expect(new TextDecoder().decode(bundle.outputFiles[0].contents)).not.toContain('TensorListReserve');
  });
});

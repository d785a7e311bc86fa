// The protocol in a real browser: Chromium of this machine, headless, with a page on loopback that is isolated (threads need
// that) and may load nothing but onnxruntime-web and the files of this one run.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, BrowserType } from 'playwright-core';
import * as z from 'zod';
import { JepaError, UnavailableError } from '../error.ts';
import { formatJson } from '../json.ts';
import { findPackage, installedPackage, playwrightPackage } from '../machine/optional-package.ts';
import { PAGE_RESULT, pageHtml, pageScript } from './chromium-page.ts';
import { type ProtocolArguments, runnerRuntimeSchema } from './protocol.ts';

export interface ChromiumProvider {
  readonly provider: 'wasm' | 'webgpu';
  readonly threads: number;
}

/** `chromium:wasm`, `chromium:wasm:2`, `chromium:webgpu`; undefined for any other name. */
export function parseChromium(name: string): ChromiumProvider | undefined {
  const [, provider, threads = '1'] = /^chromium:(wasm|webgpu)(?::([1-9]\d?))?$/.exec(name) ?? [];
  if (provider === 'wasm') return { provider, threads: Number(threads) };
  return provider === 'webgpu' && threads === '1' ? { provider, threads: 1 } : undefined;
}

const candidates = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser's program: JEPA_CHROMIUM, else where systems put it. */
export function findChromium(): string | undefined {
  return [process.env.JEPA_CHROMIUM ?? '', ...candidates].find((path) => path !== '' && existsSync(path));
}

/** Headless, and without a word to anybody outside. */
export const chromiumSwitches: readonly string[] = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** WebGPU in software where there is no GPU (Chromium's own SwiftShader). */
export const softwareWebGpuSwitches: readonly string[] = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

const pageResult = z.union([
  z.object({ error: z.string() }),
  z.object({
    result: z.object({
      version: z.string(),
      threads: z.int().min(1),
      encodeMs: z.number(),
      adapter: z.string().optional(),
      isIsolated: z.boolean(),
    }),
  }),
]);

/** Runs the protocol and writes its files to `out`. @throws UnavailableError without playwright-core, Chromium or WebGPU */
export async function runInChromium(name: string, given: ProtocolArguments, out: string): Promise<void> {
  const { provider, threads } = chromiumOf(name);
  const { browserVersion, answer } = await visit({ provider, threads }, given, out);
  const parsed = pageResult.parse(answer);
  if ('error' in parsed) throw pageError(name, parsed.error);
  const { version, threads: ran, encodeMs, adapter, isIsolated } = parsed.result;
  const runtime = runnerRuntimeSchema.parse({
    runtime: name,
    version: `onnxruntime-web ${version} in Chromium ${browserVersion}`,
    provider: provider === 'webgpu' ? 'WebGpuExecutionProvider (WebGPU)' : 'CPUExecutionProvider (WebAssembly)',
    device: adapter ?? (isIsolated ? 'isolated page' : 'page'),
    precision: 'float32',
    threads: ran,
    encodeMs,
  });
  writeFileSync(join(out, 'runtime.json'), formatJson(runtime));
}

export function chromiumOf(name: string): ChromiumProvider {
  const parsed = parseChromium(name);
  if (parsed === undefined) throw new JepaError(`${name}: expected chromium:wasm or chromium:webgpu`);
  return parsed;
}

export function pageError(name: string, message: string): JepaError {
  const [line] = message.split('\n');
  if (/^unavailable: |no available backend found|Failed to get.*adapter/i.test(line))
    return new UnavailableError(`${name}: ${line.replace('unavailable: ', '')}`, {
      remedy: 'Use a Chromium with WebGPU (113 or newer).',
    });
  if (line.includes('fallback to CPU EP has been explicitly disabled'))
    return new UnavailableError(
      `${name}: expected every node to run on the GPU, got nodes that only WebAssembly can run`,
      { remedy: 'Run it with chromium:wasm; a mixture would say nothing about WebGPU.' },
    );
  return new JepaError(`${name}: ${line}`);
}

async function visit(
  { provider, threads }: ChromiumProvider,
  given: ProtocolArguments,
  out: string,
): Promise<{ readonly browserVersion: string; readonly answer: unknown }> {
  mkdirSync(out, { recursive: true });
  const files = new Map([
    ['encoder.onnx', given.encoder],
    ['predictor.onnx', given.predictor],
    ['observations.bin', given.observations],
    ['actions.bin', given.actions],
  ]);
  const server = await serve((name) => files.get(name), out, pageScript);
  try {
    const browser = await launchChromium(provider);
    try {
      const page = await browser.newPage();
      // The parent's limit ends this process, and Chromium with it.
      page.setDefaultTimeout(0);
      const task = { provider, threads, count: given.count, batch: given.batch };
      const query = Object.entries(task).map(([key, value]) => `${key}=${value}`);
      await page.goto(`http://127.0.0.1:${portOf(server)}/?${query.join('&')}`);
      const answer: unknown = await page.evaluate((key) => Reflect.get(globalThis, key), PAGE_RESULT);
      return { browserVersion: browser.version(), answer };
    } finally {
      await browser.close();
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** @throws UnavailableError without playwright-core or Chromium */
export async function launchChromium(provider: ChromiumProvider['provider']): Promise<Browser> {
  const chromium = await importChromium();
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new UnavailableError('expected Chromium on this machine, found none', {
      remedy: 'Install chromium, or name its program in JEPA_CHROMIUM.',
    });
  return chromium.launch({
    executablePath,
    args: [...chromiumSwitches, ...(provider === 'webgpu' ? softwareWebGpuSwitches : ['--disable-gpu'])],
  });
}

async function importChromium(): Promise<BrowserType> {
  const folder = findPackage(playwrightPackage);
  if (folder === undefined)
    throw new UnavailableError('expected the package playwright-core, found none', {
      remedy: `Install it: npm install ${playwrightPackage.name}@${playwrightPackage.version}`,
    });
  const module: typeof import('playwright-core') & { readonly default?: typeof import('playwright-core') } =
    installedPackage(playwrightPackage) === undefined
      ? await import(pathToFileURL(join(folder, playwrightPackage.main)).href)
      : await import('playwright-core');
  return (module.default ?? module).chromium;
}

const contentTypes: Readonly<Record<string, string>> = {
  mjs: 'text/javascript',
  js: 'text/javascript',
  wasm: 'application/wasm',
  html: 'text/html',
};

/**
 * A server on loopback with the page, onnxruntime-web, and single files.
 * @param fileOf the path of what the page knows as /files/NAME
 * @param out the folder that its results are left in
 */
export async function serve(
  fileOf: (name: string) => string | undefined,
  out: string,
  script: string,
): Promise<Server> {
  const onnxruntimeFolder = dirname(fileURLToPath(import.meta.resolve('onnxruntime-web')));
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    response.setHeader(
      'Content-Security-Policy',
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:",
    );
    const result = /^\/results\/([a-z0-9_]+\.bin)$/.exec(path)?.[1];
    if (result !== undefined && request.method === 'PUT') return receive(request, response, join(out, result));
    const asset = /^\/ort\/(ort[\w.-]*\.(?:mjs|wasm))$/.exec(path)?.[1];
    const file = fileOf(/^\/files\/([\w.]+)$/.exec(path)?.[1] ?? '') ?? (asset && join(onnxruntimeFolder, asset));
    const content =
      path === '/'
        ? pageHtml
        : path === '/page.js'
          ? script
          : file && existsSync(file)
            ? readFileSync(file)
            : undefined;
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    const extension = path === '/' ? 'html' : path.slice(path.lastIndexOf('.') + 1);
    response.writeHead(200, { 'Content-Type': contentTypes[extension] ?? 'application/octet-stream' }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function receive(request: IncomingMessage, response: ServerResponse, path: string): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    writeFileSync(path, Buffer.concat(chunks));
    response.writeHead(204).end();
  });
}

export function portOf(server: Server): number {
  const address = server.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new JepaError('chromium: expected a server on loopback, got none');
}

// The page in a headless Chromium, as a program: the protocol of ../README.md. JEPA_PROVIDER: wasm (default) or webgpu.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { serve } from './server.js';

const usage = '<encoder.onnx> <predictor.onnx> <observations.bin> <actions.bin> <N> <batch size> [<out folder>]';

function refuse(where, expected, found, remedy) {
  throw new Error(`${where}: expected ${expected}, found ${found}. ${remedy}`);
}

function positive(where, text) {
  if (!/^0*[1-9][0-9]*$/.test(text)) refuse(where, 'a whole number above 0', `"${text}"`, 'Give 1 or more.');
  return Number(text);
}

async function openPage(url, provider) {
  const candidates = [process.env.JEPA_CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'];
  const executablePath = candidates.find((path) => path && existsSync(path));
  if (!executablePath) refuse('browser', 'Chromium', 'none', 'Install it, or name its program in JEPA_CHROMIUM.');
  // WebGPU without a GPU: Chromium's own software driver.
  const webgpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
  const args = ['--no-sandbox', ...(provider === 'webgpu' ? webgpu : [])];
  const browser = await chromium.launch({ executablePath, args });
  const page = await browser.newPage();
  await page.goto(url);
  return { browser, page };
}

async function main([encoder, predictor, observations, actions, countText, batchText, out, ...rest]) {
  if (batchText === undefined || rest.length > 0)
    refuse('arguments', usage, `${process.argv.length - 2} of them`, 'See examples/deploy/README.md.');
  const provider = process.env.JEPA_PROVIDER ?? 'wasm';
  const query = new URLSearchParams({
    count: String(positive('N', countText)),
    batch: String(positive('batch size', batchText)),
    threads: String(positive('JEPA_THREADS', process.env.JEPA_THREADS ?? '1')),
    provider,
  });
  const paths = {
    'encoder.onnx': encoder,
    'predictor.onnx': predictor,
    'observations.bin': observations,
    'actions.bin': actions,
  };
  for (const path of Object.values(paths)) if (!existsSync(path)) refuse(path, 'a file', 'none', 'Check the path.');
  const server = await serve(paths);
  let opened;
  try {
    opened = await openPage(`http://127.0.0.1:${server.address().port}/?${query}`, provider);
    const { error, description, results } = await opened.page.evaluate(async () => {
      const outcome = await window.outcome;
      const base64 = ({ size, data }) => {
        let text = '';
        for (const byte of new Uint8Array(data.buffer)) text += String.fromCharCode(byte);
        return { size, base64: btoa(text) };
      };
      return outcome.error
        ? outcome
        : {
            ...outcome,
            results: Object.fromEntries(Object.entries(outcome.results).map(([name, rows]) => [name, base64(rows)])),
          };
    });
    if (error) throw new Error(error);
    if (out !== undefined) mkdirSync(out, { recursive: true });
    for (const [name, { size, base64 }] of Object.entries(results)) {
      const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
      if (out !== undefined) writeFileSync(join(out, `${name}.bin`), bytes);
      else console.log(name, ...Array.from(new Float32Array(bytes.buffer, 0, size), (value) => value.toFixed(4)));
    }
    const browserVersion = opened.browser.version();
    const text = JSON.stringify({ ...description, browser: `Chromium ${browserVersion}` }, undefined, 2);
    if (out !== undefined) writeFileSync(join(out, 'runtime.json'), `${text}\n`);
  } finally {
    await opened?.browser.close();
    server.close();
    server.closeAllConnections();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message.replace(/\s+/g, ' '));
  process.exitCode = 1;
});

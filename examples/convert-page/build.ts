// Bundles the convert page into a folder for any static host: node --import tsx examples/convert-page/build.ts FOLDER
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { renderDocument, style } from './document.ts';

/** Path within the page -> content. Modules end in .js: some hosts do not know .mjs. */
export async function bundleConvertPage(): Promise<ReadonlyMap<string, Uint8Array>> {
  const bundle = await build({
    entryPoints: { page: join(import.meta.dirname, 'main.ts'), worker: join(import.meta.dirname, 'worker.ts') },
    bundle: true,
    write: false,
    outdir: 'page',
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'eof',
    // onnxruntime-web without its WebAssembly module inside.
    conditions: ['onnxruntime-web-use-extern-wasm'],
    logLevel: 'silent',
  });
  const text = new TextEncoder();
  const { resolve } = createRequire(import.meta.url);
  const runtime = (ending: string): Uint8Array =>
    readFileSync(resolve(`onnxruntime-web/ort-wasm-simd-threaded.${ending}`));
  return new Map([
    ['index.html', text.encode(renderDocument())],
    ['page.css', text.encode(style)],
    ...bundle.outputFiles.map(({ path, contents }) => [path.slice(path.lastIndexOf('/') + 1), contents] as const),
    ['runtime/ort-wasm-simd-threaded.js', runtime('mjs')],
    ['runtime/ort-wasm-simd-threaded.wasm', runtime('wasm')],
  ]);
}

if (import.meta.filename === process.argv[1]) {
  const folder = process.argv[2];
  if (folder === undefined) {
    process.stderr.write('convert page: expected a folder to write to, got none\n');
    process.exit(2);
  }
  for (const [path, content] of await bundleConvertPage()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

// The page as files, made by esbuild out of the sources beside this folder: at build time for the package, at once in a clone.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UnavailableError } from '../../src/error.ts';
import { renderDocument } from '../page/document.ts';
import { style } from '../page/style.ts';

/** Path of a file within the page -> its content. */
export type PageFiles = ReadonlyMap<string, Uint8Array>;

/** The page of `jepa serve`. @param generator package and version */
export async function bundlePage(generator: string): Promise<PageFiles> {
  const text = new TextEncoder();
  return new Map([
    ['index.html', text.encode(renderDocument(generator))],
    ['page.css', text.encode(style)],
    ...(await bundleScripts({ page: 'page/main', worker: 'page/worker' })),
  ]);
}

/**
 * Bundles scripts of a page, in parts: what only WebGPU needs is fetched only for it.
 * @param entries name of a script -> its source below web/, without the ending
 * @throws UnavailableError where there is no esbuild.
 */
export async function bundleScripts(entries: Readonly<Record<string, string>>): Promise<PageFiles> {
  const { build } = await import('esbuild').catch((cause: unknown) => {
    throw new UnavailableError('page: expected esbuild to bundle it, found none', {
      remedy: 'In a clone: npm ci. The published package carries the page as it is.',
      cause,
    });
  });
  const bundle = await build({
    entryPoints: Object.fromEntries(
      Object.entries(entries).map(([name, source]) => [
        name,
        fileURLToPath(new URL(`../${source}.ts`, import.meta.url)),
      ]),
    ),
    bundle: true,
    write: false,
    outdir: 'page',
    format: 'esm',
    target: 'es2022',
    splitting: true,
    chunkNames: 'part-[hash]',
    minify: true,
    legalComments: 'eof',
    // onnxruntime-web without its WebAssembly module inside: its threads start from that module's own file.
    conditions: ['onnxruntime-web-use-extern-wasm'],
    logLevel: 'silent',
  });
  return new Map(
    bundle.outputFiles.map(({ path, contents }) => [path.slice(path.lastIndexOf('/') + 1), contents] as const),
  );
}

/** What `npm run build` laid into dist/ under this name; undefined in a clone, whose sources are bundled at once. */
export function builtFiles(root: string, name: string): PageFiles | undefined {
  const built = join(root, 'dist', name);
  const isClone = existsSync(join(root, 'tsconfig.json'));
  if (isClone || !existsSync(join(built, 'index.html'))) return undefined;
  return new Map(readdirSync(built).map((file) => [file, readFileSync(join(built, file))]));
}

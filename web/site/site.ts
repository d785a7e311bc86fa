// All files of the site: the page, onnxruntime-web's WebAssembly, and of an export folder only what the page loads.
import { constants, realpathSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { JepaError } from '../../src/error.ts';
import { EXPORT_DESCRIPTION_NAME, readExportDescription } from '../../src/storage/export-description.ts';
import { builtFiles, bundlePage } from './bundle.ts';

/** A file of the site: its content, or where it lies. */
export type SiteFile =
  | { readonly content: Uint8Array }
  /** `within`: the folder that the file must not leave by a link. */
  | { readonly file: string; readonly within: string };

/** Path below the site's root, without a leading slash -> the file. */
export type Site = ReadonlyMap<string, SiteFile>;

export interface SiteOptions {
  /** Of an export: export.json and the files that it names. */
  readonly exportFolder: string;
  /** Of this package, where package.json is. */
  readonly packageRoot: string;
  /** Package and version. */
  readonly generator: string;
  /** Held-out observations by file name, where the export is of a recording (`heldOutFiles`). */
  readonly heldOut?: ReadonlyMap<string, Uint8Array> | undefined;
}

/** @throws UsageError where there is no export, FormatError where it is broken, UnavailableError where the page cannot be made. */
export async function createSite({ exportFolder, packageRoot, generator, heldOut }: SiteOptions): Promise<Site> {
  const { encoder, predictor, auxiliary } = readExportDescription(exportFolder);
  const models = [encoder.file, predictor.file, ...(auxiliary ? [auxiliary.file] : [])];
  const site = new Map<string, SiteFile>();
  for (const [path, content] of await pageFiles(packageRoot, generator)) site.set(path, { content });
  for (const [path, file] of runtimeFiles()) site.set(`runtime/${path}`, file);
  for (const name of [EXPORT_DESCRIPTION_NAME, ...models])
    site.set(`model/${name}`, { file: join(exportFolder, name), within: exportFolder });
  for (const [name, content] of heldOut ?? []) site.set(`model/${name}`, { content });
  return site;
}

/** In a clone the sources are bundled, so that there is no build to remember; the package has the page in dist/site. */
export async function pageFiles(root: string, generator: string): Promise<ReadonlyMap<string, Uint8Array>> {
  return builtFiles(root, 'site') ?? bundlePage(generator);
}

/** Modules under the ending .js: hosts that do not know .mjs would send them as something else. */
export function runtimeFiles(): [path: string, file: SiteFile][] {
  const { resolve } = createRequire(import.meta.url);
  return ['ort-wasm-simd-threaded', 'ort-wasm-simd-threaded.asyncify'].flatMap((name) =>
    (['mjs', 'wasm'] as const).map((ending): [string, SiteFile] => {
      const file = resolve(`onnxruntime-web/${name}.${ending}`);
      return [`${name}.${ending === 'mjs' ? 'js' : ending}`, { file, within: join(file, '..') }];
    }),
  );
}

/**
 * Opens a file that lies on disk; whoever calls this closes it.
 * @throws JepaError where it is gone, no regular file, or leads out of its folder by a link.
 */
export async function openSiteFile({ file, within }: Extract<SiteFile, { file: string }>): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    const real = realpathSync(file);
    if (!real.startsWith(realpathSync(within) + sep))
      throw new JepaError(`${file}: expected a file within its folder, got a link that leads out of it`);
    handle = await open(real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    if (!(await handle.stat()).isFile()) throw new JepaError(`${file}: expected a regular file`);
    return handle;
  } catch (error) {
    await handle?.close();
    if (error instanceof JepaError) throw error;
    throw new JepaError(`${file}: expected a file that can be read, got: ${error}`, { cause: error });
  }
}

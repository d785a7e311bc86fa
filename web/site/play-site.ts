// The playground as a site: its page and worker, onnxruntime-web's WebAssembly, and the page of `jepa serve`, which opens what the
// playground exports.
import { renderPlayDocument } from '../play/document.ts';
import { playStyle } from '../play/style.ts';
import { builtFiles, bundleScripts, type PageFiles } from './bundle.ts';
import { pageFiles, runtimeFiles, type Site, type SiteFile } from './site.ts';
import type { PageKind } from './static-folder.ts';

/** What tells a folder that an earlier playground is. */
export const PLAY_PAGE: PageKind = { names: ['index.html', 'play.css', 'play.js', 'play-worker.js'], option: 'out' };

export interface PlaySiteOptions {
  /** Of this package, where package.json is. */
  readonly packageRoot: string;
  readonly name: string;
  readonly version: string;
}

/** @throws UnavailableError where the page cannot be made */
export async function createPlaySite({ packageRoot, name, version }: PlaySiteOptions): Promise<Site> {
  const site = new Map<string, SiteFile>();
  for (const [path, content] of await pageFiles(packageRoot, `${name} ${version}`))
    site.set(path === 'index.html' ? EXPLORER_NAME : path, { content });
  const own = builtFiles(packageRoot, 'play') ?? (await bundlePlay(name, version));
  for (const [path, content] of own) site.set(path, { content });
  for (const [path, file] of runtimeFiles()) site.set(`runtime/${path}`, file);
  return site;
}

const EXPLORER_NAME = 'explore.html';

/** The playground's own files. */
export async function bundlePlay(name: string, version: string): Promise<PageFiles> {
  const scripts = await bundleScripts({ play: 'play/main', 'play-worker': 'play/worker' });
  const text = new TextEncoder();
  return new Map([
    ['index.html', text.encode(renderPlayDocument(`${name} ${version}`, version))],
    ['play.css', text.encode(playStyle)],
    ...scripts,
  ]);
}

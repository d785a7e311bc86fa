// The site as a folder for any static host: all addresses in it are relative.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { option, UsageError } from '../../src/error.ts';
import { writeFolderAtomic } from '../../src/storage/atomic-file.ts';
import { listIfPresent } from '../../src/storage/file-system.ts';
import { isolationHeaders } from './server.ts';
import { openSiteFile, type Site } from './site.ts';

/** Read by Netlify and Cloudflare Pages; other hosts need the same headers in their own settings. */
const HEADERS_NAME = '_headers';

/**
 * The folder appears whole; an earlier one of these is replaced.
 * @throws UsageError where `folder` holds something else.
 */
export async function writeSite(site: Site, folder: string, page: PageKind = SERVED_PAGE): Promise<void> {
  requireReplaceable(folder, page);
  await writeFolderAtomic(
    folder,
    async (temporary) => {
      for (const [path, file] of site) {
        const target = join(temporary, path);
        await mkdir(dirname(target), { recursive: true });
        if ('content' in file) await writeFile(target, file.content);
        else {
          const handle = await openSiteFile(file);
          try {
            await writeFile(target, await handle.readFile());
          } finally {
            await handle.close();
          }
        }
      }
      const lines = Object.entries(isolationHeaders).map(([name, value]) => `  ${name}: ${value}\n`);
      await writeFile(join(temporary, HEADERS_NAME), `/*\n${lines.join('')}`);
    },
    { replace: existsSync(folder) },
  );
}

/** What a folder must hold to be an earlier page of a kind, and the option that names the folder. */
export interface PageKind {
  readonly names: readonly string[];
  readonly option: string;
}

/** What every page of an export or an encoder has: one of latents has no runtime. */
const SERVED_PAGE: PageKind = { names: ['index.html', 'model', 'page.css', 'page.js', 'worker.js'], option: 'build' };

/**
 * Nothing, an empty folder, or an earlier page: to be asked before the work that a page takes, too.
 * @throws UsageError where `folder` holds something else.
 */
export function requireReplaceable(folder: string, page: PageKind = SERVED_PAGE): void {
  const names = listIfPresent(folder);
  if (names === undefined) return;
  if (names.length === 0 || [...page.names, HEADERS_NAME].every((name) => names.includes(name))) return;
  throw new UsageError(
    `${option(page.option, folder)}: expected a new folder or an earlier page, got one that holds ${names[0]}`,
    {
      remedy: 'Choose another folder.',
    },
  );
}

// `npm run build`: puts the bundled pages into dist/site and dist/play, where the published package has them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { bundlePage } from './bundle.ts';
import { bundlePlay } from './play-site.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { name, version } = z
  .looseObject({ name: z.string(), version: z.string() })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
for (const [place, files] of Object.entries({
  site: await bundlePage(`${name} ${version}`),
  play: await bundlePlay(name, version),
})) {
  const folder = join(root, 'dist', place);
  mkdirSync(folder, { recursive: true });
  for (const [path, content] of files) writeFileSync(join(folder, path), content);
}

// `npm run build`: puts the bundled page into dist/site, where the published package has it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { bundlePage } from './bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { name, version } = z
  .looseObject({ name: z.string(), version: z.string() })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
const folder = join(root, 'dist', 'site');
mkdirSync(folder, { recursive: true });
for (const [path, content] of await bundlePage(`${name} ${version}`)) writeFileSync(join(folder, path), content);

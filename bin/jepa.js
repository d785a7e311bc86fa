#!/usr/bin/env node
// Starts the command line: the built files where there are any, else (in a clone, right after `npm ci`) the TypeScript
// sources through tsx, so that there is no build to remember.
import { existsSync } from 'node:fs';

const inClone = existsSync(new URL('../tsconfig.json', import.meta.url));
const built = new URL('../dist/cli/main.js', import.meta.url);
if (!inClone && existsSync(built)) {
  await import(built.href);
} else {
  const { register } = await import('tsx/esm/api');
  register();
  await import('../cli/main.ts');
}

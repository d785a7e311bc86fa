// The lines of docs/web.md run as they stand there, in a real Chromium.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, expect, test } from 'vitest';
import { mediaTypes } from '../../web/site/server.ts';
import { createSite, openSiteFile } from '../../web/site/site.ts';
import { hasChromium, launchChromium } from '../chromium.ts';
import { writeRunFixture } from '../evaluation/run-fixture.ts';
import { openWebServer } from './web-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'jepa-web-document-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(!hasChromium)('the example of the library runs as it is written', async () => {
  const root = join(import.meta.dirname, '..', '..');
  const [example] = [...readFileSync(join(root, 'docs', 'web.md'), 'utf8').matchAll(/```js\n(.*?)```/gs)].map(
    ([, code]) => code,
  );
  expect(example).toContain("from 'jepa-onnx/web'");
  const { outputFiles } = await build({
    stdin: {
      contents: `const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 64;
        ${example}
        globalThis.shown = [latent.length, next.length, auxiliary.length, world.runtime.reason];`,
      resolveDir: root,
    },
    alias: { 'jepa-onnx/web': join(root, 'web', 'index.ts') },
    bundle: true,
    write: false,
    format: 'esm',
    splitting: true,
    outdir: 'page',
    logLevel: 'error',
  });
  await writeRunFixture(folder);
  const site = await createSite({ exportFolder: join(folder, 'export'), packageRoot: root, generator: 'test' });
  const server = await openWebServer(async (request, response) => {
    const name = (request.url ?? '').slice(1);
    const part = outputFiles.find(({ path }) => path.endsWith(`/${name}`));
    // onnxruntime-web looks for its files beside the script that it is bundled into.
    const file = site.get(name.replace(/^export\//, 'model/')) ?? site.get(`runtime/${name}`);
    response.setHeader('Content-Type', mediaTypes[extname(name)] ?? 'text/html');
    if (name === '') response.end('<!doctype html><script type="module" src="stdin.js"></script>');
    else if (part) response.end(part.contents);
    else if (file && 'file' in file) {
      const handle = await openSiteFile(file);
      response.end(await handle.readFile());
      await handle.close();
    } else response.writeHead(404).end();
  });
  const browser = await launchChromium(['--disable-gpu']);
  try {
    const page = await browser.newPage();
    const troubles: string[] = [];
    page.on('pageerror', (error) => troubles.push(error.message));
    await page.goto(server.url);
    await expect
      .poll(() => page.evaluate(() => Reflect.get(globalThis, 'shown')), { timeout: 120_000 })
      .toEqual([6, 6, 1, expect.stringMatching(/^WebAssembly, because /)]);
    expect(troubles).toEqual([]);
  } finally {
    await browser.close();
    await server.close();
  }
});

// The page as a folder: complete, with relative addresses only, and never in the place of somebody's files.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSite, type Site } from '../../../web/site/site.ts';
import { writeSite } from '../../../web/site/static-folder.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { encoderBytes, writeExportFolder } from './site-fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-static-'));
let site: Site;
beforeAll(async () => {
  const exportFolder = join(root, 'export');
  writeExportFolder(exportFolder);
  site = await createSite({ exportFolder, packageRoot: process.cwd(), generator: 'jepa-onnx test' });
});
afterAll(() => rmSync(root, { recursive: true }));

test('holds the page, the runtime and the models, and nothing else of the export', async () => {
  const folder = join(temporaryFolder(), 'new', 'site');
  await writeSite(site, folder);
  expect(readdirSync(folder).filter((name) => !/^part-\w+\.js$/.test(name))).toEqual(
    ['_headers', 'index.html', 'model', 'page.css', 'page.js', 'runtime', 'worker.js'].sort(),
  );
  expect(readdirSync(join(folder, 'model')).sort()).toEqual(['encoder.onnx', 'export.json', 'predictor.onnx']);
  expect(Uint8Array.from(readFileSync(join(folder, 'model', 'encoder.onnx')))).toEqual(encoderBytes);
  const wasm = readdirSync(join(folder, 'runtime')).filter((name) => name.endsWith('.wasm'));
  expect(wasm.sort()).toEqual(['ort-wasm-simd-threaded.asyncify.wasm', 'ort-wasm-simd-threaded.wasm']);
  for (const name of wasm)
    expect(
      readFileSync(join(folder, 'runtime', name))
        .subarray(0, 4)
        .toString('latin1'),
    ).toBe('\0asm');
  expect(readFileSync(join(folder, '_headers'), 'utf8')).toContain('Cross-Origin-Embedder-Policy: require-corp');
});

test('no address in the document starts at the root of the host or at another host', async () => {
  const page = site.get('index.html');
  const text = page && 'content' in page ? new TextDecoder().decode(page.content) : '';
  const addresses = [...text.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, address]) => address);
  expect(addresses.length).toBeGreaterThan(3);
  for (const address of addresses) expect(address).toMatch(/^(?:[\w-]+\.(?:js|css)|#[\w-]+|data:,)$/);
});

test('replaces an earlier page, and leaves a folder with other files as it is', async () => {
  const folder = temporaryFolder();
  const target = join(folder, 'site');
  await writeSite(site, target);
  writeFileSync(join(target, 'model', 'export.json'), 'old');
  await writeSite(site, target);
  expect(statSync(join(target, 'model', 'export.json')).size).toBeGreaterThan(100);
  // A page of latents: it runs nothing.
  rmSync(join(target, 'runtime'), { recursive: true });
  await writeSite(site, target);
  expect(readdirSync(target)).toContain('runtime');
  const other = join(folder, 'thesis');
  mkdirSync(other);
  writeFileSync(join(other, 'index.html'), 'mine');
  await expect(writeSite(site, other)).rejects.toThrow(
    /`build: .*thesis`: expected a new folder or an earlier page, got one that holds index\.html/,
  );
  expect(readFileSync(join(other, 'index.html'), 'utf8')).toBe('mine');
  expect(readdirSync(folder).sort()).toEqual(['site', 'thesis']);
});

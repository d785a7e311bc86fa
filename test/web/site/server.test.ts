// The server: who is answered, with which files and headers, and who is not.
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UnavailableError, UsageError } from '../../../src/error.ts';
import { acceptedEncoding } from '../../../web/site/content-encoding.ts';
import { type SiteServer, serveSite } from '../../../web/site/server.ts';
import { createSite, type Site } from '../../../web/site/site.ts';
import { encoderBytes, writeExportFolder } from './site-fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-site-'));
const exported = join(root, 'run', 'export');
let site: Site;
let server: SiteServer;
let port: number;

beforeAll(async () => {
  writeExportFolder(exported);
  writeFileSync(join(root, 'run', 'config.json'), '{"private":true}');
  site = await createSite({ exportFolder: exported, packageRoot: process.cwd(), generator: 'jepa-onnx test' });
  server = await serveSite(site, { host: '127.0.0.1', port: 0 });
  port = Number(new URL(server.url).port);
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** The path as it is written: no client may tidy it up first. */
function ask(
  path: string,
  options: {
    readonly method?: string;
    readonly host?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Answer> {
  const headers = { host: options.host ?? `127.0.0.1:${port}`, ...options.headers };
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method: options.method ?? 'GET', headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    asked.on('error', reject).end();
  });
}

describe('serves', () => {
  test.each([
    ['/', 'text/html; charset=utf-8'],
    ['/?runtime=wasm&threads=1', 'text/html; charset=utf-8'],
    ['/page.js', 'text/javascript; charset=utf-8'],
    ['/page.css', 'text/css; charset=utf-8'],
    ['/runtime/ort-wasm-simd-threaded.js', 'text/javascript; charset=utf-8'],
    ['/runtime/ort-wasm-simd-threaded.wasm', 'application/wasm'],
    ['/runtime/ort-wasm-simd-threaded.asyncify.wasm', 'application/wasm'],
    ['/model/export.json', 'application/json; charset=utf-8'],
    ['/model/encoder.onnx', 'application/octet-stream'],
  ])('%s as %s', async (path, type) => {
    const { status, headers, body } = await ask(path);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(type);
    expect(Number(headers['content-length'])).toBe(body.length);
    expect(body.length).toBeGreaterThan(0);
  });

  test('a file as it is', async () => {
    expect(Uint8Array.from((await ask('/model/encoder.onnx')).body)).toEqual(encoderBytes);
  });

  test('every answer isolated, not to be framed or guessed at, refusals too', async () => {
    for (const path of ['/', '/model/encoder.onnx', '/nothing'])
      expect((await ask(path)).headers).toMatchObject({
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringMatching(/^default-src 'none'; .*frame-ancestors 'none'$/),
      });
  });

  test('only the head where only the head is asked for', async () => {
    const { status, headers, body } = await ask('/model/encoder.onnx', { method: 'HEAD' });
    expect([status, headers['content-length'], body.length]).toEqual([200, String(encoderBytes.length), 0]);
  });

  test.each(['localhost', '[::1]', 'LOCALHOST'])('who calls it %s', async (name) => {
    expect((await ask('/', { host: `${name}:${port}` })).status).toBe(200);
  });
});

describe('refuses', () => {
  test.each(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', 'localhost.evil.example'])(
    'the host "%s", whose page may have been led here',
    async (host) => {
      const { status, body } = await ask('/model/export.json', { host });
      expect(status).toBe(421);
      expect(body.toString()).not.toContain('configuration');
    },
  );

  test.each([
    '/model/secret.txt',
    '/model/../secret.txt',
    '/model/../../config.json',
    '/model/%2e%2e/%2e%2e/config.json',
    '/model/..%2f..%2fconfig.json',
    '/..\\config.json',
    '//model/export.json',
    '/model',
    '/model/',
    '/model/encoder.onnx/',
    '/model/encoder.onnx%00.html',
    '/%',
    '/__proto__',
    '/constructor',
    'http://127.0.0.1/model/export.json',
  ])('%s', async (path) => {
    const { status, body } = await ask(path);
    expect(status).toBe(404);
    expect(body.toString()).toBe('404 Not Found\n');
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('the method %s', async (method) => {
    const { status, headers } = await ask('/', { method });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  test('a file of the export that is a link out of it, or is gone', async () => {
    const other = join(root, 'other');
    writeExportFolder(other);
    unlinkSync(join(other, 'encoder.onnx'));
    symlinkSync(join(root, 'run', 'config.json'), join(other, 'encoder.onnx'));
    const linked = await createSite({ exportFolder: other, packageRoot: process.cwd(), generator: 'test' });
    const second = await serveSite(linked, { host: 'localhost', port: 0 });
    try {
      unlinkSync(join(other, 'predictor.onnx'));
      for (const name of ['encoder.onnx', 'predictor.onnx']) {
        const answer = await fetch(new URL(`model/${name}`, second.url));
        expect([name, answer.status, await answer.text()]).toEqual([name, 404, '404 Not Found\n']);
      }
      expect((await fetch(new URL('model/export.json', second.url))).status).toBe(200);
    } finally {
      await second.close();
    }
  });

  test('to listen for other machines', async () => {
    for (const host of ['0.0.0.0', '192.168.1.2', 'example.org']) {
      const refused = serveSite(site, { host, port: 0 });
      await expect(refused).rejects.toThrow(UsageError);
      await expect(refused).rejects.toMatchObject({ remedy: expect.stringContaining('`build`') });
    }
  });

  test('a port that is taken, in one line with what to do', async () => {
    const refused = serveSite(site, { host: '127.0.0.1', port });
    await expect(refused).rejects.toThrow(UnavailableError);
    await expect(refused).rejects.toMatchObject({
      message: `port ${port}: expected a free port, got one that another program listens on`,
      remedy: expect.stringContaining('`port: 0`'),
    });
  });
});

test('the server closes at once, though a client holds a connection open', async () => {
  const second = await serveSite(site, { host: '127.0.0.1', port: 0 });
  const socket = connect(Number(new URL(second.url).port), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await second.close();
  await closed;
});

describe('on the way', () => {
  const wasm = '/runtime/ort-wasm-simd-threaded.wasm';

  test.each([
    ['br', (body: Buffer) => brotliDecompressSync(body)],
    ['gzip', (body: Buffer) => gunzipSync(body)],
  ] as const)('WebAssembly is compressed by %s where the browser takes it', async (encoding, unpack) => {
    const plain = await ask(wasm);
    const packed = await ask(wasm, { headers: { 'accept-encoding': `${encoding}, deflate` } });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(packed.headers).toMatchObject({ 'content-encoding': encoding, vary: 'Accept-Encoding' });
    expect(packed.body.length).toBeLessThan(plain.body.length / 2.5);
    expect(packed.headers['content-length']).toBe(String(packed.body.length));
    expect(unpack(packed.body).equals(plain.body)).toBe(true);
  });

  test('what the browser has is not sent again, in the encoding in which it has it', async () => {
    for (const path of ['/page.js', '/model/encoder.onnx']) {
      const first = await ask(path, { headers: { 'accept-encoding': 'gzip' } });
      const tag = String(first.headers.etag);
      const again = await ask(path, { headers: { 'accept-encoding': 'gzip', 'if-none-match': tag } });
      expect([again.status, again.body.length]).toEqual([304, 0]);
      const other = await ask(path, { headers: { 'if-none-match': '"another"' } });
      expect(other.status).toBe(200);
    }
    const { headers } = await ask('/page.js', { headers: { 'accept-encoding': 'gzip' } });
    expect((await ask('/page.js', { headers: { 'if-none-match': String(headers.etag) } })).status).toBe(200);
  });

  test('an encoding that is refused is not used', () => {
    expect(acceptedEncoding('br;q=0, gzip;q=0.5')).toBe('gzip');
    expect(acceptedEncoding('identity')).toBeUndefined();
    expect(acceptedEncoding(undefined)).toBeUndefined();
  });
});

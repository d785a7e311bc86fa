// Serves a site to this machine's own browsers and to nobody else: loopback only, no address but the site's own files,
// isolated so that WebAssembly may use threads.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { option, UnavailableError, UsageError } from '../../src/error.ts';
import { systemErrorCode } from '../../src/storage/file-system.ts';
import { contentSecurityPolicy } from '../page/document.ts';
import { acceptedEncoding, CompressedContents, entityTag, isCompressible } from './content-encoding.ts';
import { openSiteFile, type Site, type SiteFile } from './site.ts';

/** Where a server may listen: names and addresses of this machine's loopback. */
export const loopbackHosts: readonly string[] = ['127.0.0.1', 'localhost', '::1'];

export const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.wasm': 'application/wasm',
  '.onnx': 'application/octet-stream',
  '.bin': 'application/octet-stream',
};

/** The two that isolate a page, so that it may share memory between threads. */
export const isolationHeaders: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const headers: Readonly<Record<string, string>> = {
  ...isolationHeaders,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': `${contentSecurityPolicy}; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  // Kept, and asked for again by its tag: another run may be served from the same port.
  'Cache-Control': 'no-cache',
};

export interface SiteServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * @param port 0 for any that is free
 * @throws UsageError for a host that is not loopback, UnavailableError where the port is taken.
 */
export async function serveSite(
  site: Site,
  options: { readonly host: string; readonly port: number },
): Promise<SiteServer> {
  const { host, port } = options;
  if (!loopbackHosts.includes(host))
    throw new UsageError(
      `${option('host')}: expected an address of this machine alone (${loopbackHosts.join(', ')}), got "${host}"`,
      {
        remedy: `For other machines, write the page as a folder (${option('build')}) and put it on a host.`,
      },
    );
  if (port > 65_535) throw new UsageError(`${option('port')}: expected a number up to 65535, got ${port}`);
  let allowedHosts: ReadonlySet<string> = new Set();
  const compressed = new CompressedContents();
  const server = createServer((request, response) => {
    answer({ site, allowedHosts, compressed }, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(explainListen(error, port)));
    server.listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  const names = loopbackHosts.map((name) => (name.includes(':') ? `[${name}]` : name));
  allowedHosts = new Set(names.flatMap((name) => (taken === 80 ? [name, `${name}:80`] : [`${name}:${taken}`])));
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function explainListen(error: Error, port: number): Error {
  const code = systemErrorCode(error);
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'one that another program listens on',
    EACCES: 'one that needs special rights',
  };
  if (code === undefined || !Object.hasOwn(reasons, code)) return error;
  return new UnavailableError(`port ${port}: expected a free port, got ${reasons[code]}`, {
    remedy: `Choose another with ${option('port')}, or any free one with ${option('port', '0')}.`,
    cause: error,
  });
}

interface Served {
  readonly site: Site;
  readonly allowedHosts: ReadonlySet<string>;
  readonly compressed: CompressedContents;
}

async function answer(
  { site, allowedHosts, compressed }: Served,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // A page of another origin whose name was made to lead here (DNS rebinding) still sends that name.
  if (!allowedHosts.has((request.headers.host ?? '').toLowerCase()))
    return refuse(response, 421, 'Misdirected Request');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, 405, 'Method Not Allowed');
  }
  const path = pathOf(request.url ?? '/');
  const file = path === undefined ? undefined : site.get(path);
  if (path === undefined || file === undefined) return refuse(response, 404, 'Not Found');
  await send(file, path, compressed, request, response);
}

/** The path within the site; it is only ever looked up among the site's own, so that nothing can be reached by `..`. */
function pathOf(address: string): string | undefined {
  const [raw] = address.split(/[?#]/);
  try {
    const path = decodeURIComponent(raw);
    return path === '/' ? 'index.html' : path.startsWith('/') ? path.slice(1) : undefined;
  } catch {
    return undefined;
  }
}

async function send(
  file: SiteFile,
  path: string,
  compressed: CompressedContents,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const mediaType = mediaTypes[extname(path)] ?? 'application/octet-stream';
  response.setHeader('Content-Type', mediaType);
  if ('content' in file) return sendContent(file.content, mediaType, compressed, request, response);
  const handle = await openSiteFile(file).catch(() => undefined);
  if (handle === undefined) return refuse(response, 404, 'Not Found');
  try {
    const { size, mtimeMs } = await handle.stat();
    if (isCompressible(mediaType, size)) {
      await sendContent(await handle.readFile(), mediaType, compressed, request, response);
      return;
    }
    // Models may be as large as memory: they are told apart by when they were written, and sent in parts.
    response.setHeader('ETag', `W/"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`);
    if (isUnchanged(request, response)) return;
    response.setHeader('Content-Length', size);
    if (request.method === 'HEAD') response.end();
    else await pipeline(handle.createReadStream({ autoClose: false }), response);
  } finally {
    await handle.close();
  }
}

async function sendContent(
  content: Uint8Array,
  mediaType: string,
  compressed: CompressedContents,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const tag = entityTag(content);
  const isLarge = isCompressible(mediaType, content.byteLength);
  const encoding = isLarge ? acceptedEncoding(request.headers['accept-encoding']) : undefined;
  if (isLarge) response.setHeader('Vary', 'Accept-Encoding');
  // Another encoding is another content.
  response.setHeader('ETag', encoding === undefined ? tag : tag.replace(/"$/, `-${encoding}"`));
  if (isUnchanged(request, response)) return;
  const sent = encoding === undefined ? content : await compressed.get(content, encoding, tag);
  if (encoding !== undefined) response.setHeader('Content-Encoding', encoding);
  response.setHeader('Content-Length', sent.byteLength);
  response.end(request.method === 'HEAD' ? undefined : sent);
}

/** Ends the answer where the browser's own copy still holds. */
function isUnchanged(request: IncomingMessage, response: ServerResponse): boolean {
  const known = (request.headers['if-none-match'] ?? '').split(',').map((each) => each.trim());
  if (!known.includes(String(response.getHeader('ETag')))) return false;
  response.removeHeader('Content-Type');
  response.writeHead(304).end();
  return true;
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${status} ${reason}\n`);
}

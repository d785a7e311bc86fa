// Serves a site to this machine's own browsers and to nobody else: loopback only, no address but the site's own files,
// isolated so that WebAssembly may use threads.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UnavailableError, UsageError } from '../../src/error.ts';
import { systemErrorCode } from '../../src/storage/file-system.ts';
import { contentSecurityPolicy } from '../page/document.ts';
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
      `--host: expected an address of this machine alone (${loopbackHosts.join(', ')}), got "${host}"`,
      {
        remedy: 'For other machines, write the page as a folder (--build) and put it on a host.',
      },
    );
  if (port > 65_535) throw new UsageError(`--port: expected a number up to 65535, got ${port}`);
  let allowedHosts: ReadonlySet<string> = new Set();
  const server = createServer((request, response) => {
    answer(site, allowedHosts, request, response).catch(() => response.destroy());
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
    remedy: 'Choose another with --port, or any free one with --port 0.',
    cause: error,
  });
}

async function answer(
  site: Site,
  allowedHosts: ReadonlySet<string>,
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
  await send(file, path, request.method === 'HEAD', response);
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

async function send(file: SiteFile, path: string, isHead: boolean, response: ServerResponse): Promise<void> {
  response.setHeader('Content-Type', mediaTypes[extname(path)] ?? 'application/octet-stream');
  if ('content' in file) {
    response.setHeader('Content-Length', file.content.byteLength);
    response.end(isHead ? undefined : file.content);
    return;
  }
  const handle = await openSiteFile(file).catch(() => undefined);
  if (handle === undefined) return refuse(response, 404, 'Not Found');
  try {
    response.setHeader('Content-Length', (await handle.stat()).size);
    if (isHead) response.end();
    else await pipeline(handle.createReadStream({ autoClose: false }), response);
  } finally {
    await handle.close();
  }
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${status} ${reason}\n`);
}

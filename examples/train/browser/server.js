// Serves the page, onnxruntime-web and the export on loopback: node server.js EXPORT_FOLDER [PORT]. The two headers isolate the page,
// which WebAssembly threads need.
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = import.meta.dirname;
const shared = join(here, '../node');
const runtime = dirname(fileURLToPath(import.meta.resolve('onnxruntime-web')));
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};
const own = { 'index.html': here, 'train.js': here, 'world.js': shared, 'safetensors.js': shared };

/** port 0: any that is free. Gives the server, which listens. */
export function serve(folder, port = 0) {
  const server = createServer((request, response) => {
    const name = new URL(request.url, 'http://localhost').pathname.slice(1) || 'index.html';
    const [first, ...rest] = name.split('/');
    const places = { 'onnxruntime-web': runtime, export: folder };
    const file = rest.length > 0 ? join(places[first] ?? '', basename(name)) : join(own[name] ?? '', basename(name));
    if ((rest.length > 0 ? places[first] : own[name]) === undefined || !existsSync(file))
      return response.writeHead(404).end();
    response.writeHead(200, {
      'Content-Type': types[extname(file)] ?? 'application/octet-stream',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, port = '8080'] = process.argv.slice(2);
  await serve(folder, Number(port));
  console.log(`http://127.0.0.1:${port}/`);
}

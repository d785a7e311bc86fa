// Serves the page, onnxruntime-web and the files of `paths` on loopback: node server.js <export folder> [<port>]. The two headers
// isolate the page, which WebAssembly threads need.
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = import.meta.dirname;
const runtime = dirname(fileURLToPath(import.meta.resolve('onnxruntime-web')));
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** paths: by the name that the page fetches. port 0: any that is free. Gives the server, which listens. */
export function serve(paths, port = 0) {
  const server = createServer((request, response) => {
    const name = new URL(request.url, 'http://localhost').pathname.slice(1) || 'index.html';
    const file = name.startsWith('onnxruntime-web/')
      ? join(runtime, basename(name))
      : (paths[name] ?? (/^(index\.html|world-model\.js)$/.test(name) ? join(here, name) : ''));
    if (!existsSync(file)) return response.writeHead(404).end();
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
  const names = ['encoder.onnx', 'predictor.onnx', 'observations.bin', 'actions.bin'];
  await serve(Object.fromEntries(names.map((name) => [name, join(folder ?? '.', name)])), Number(port));
  console.log(`http://127.0.0.1:${port}/?count=1`);
}

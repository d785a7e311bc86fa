// The command line on a machine where no native TensorFlow can be had: no compiler and no pip on the path, a bucket that
// refuses, an empty cache.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `jepa`, with `home` as the home and the place of the cache. */
export function jepaWithoutTensorFlow(home: string, ...programArguments: string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      ['bin/jepa.js', ...programArguments],
      {
        env: {
          PATH: '/nowhere',
          HOME: home,
          JEPA_ONNX_CACHE: join(home, 'cache'),
          TFJS_NODE_CDN_STORAGE: 'http://127.0.0.1:9/',
        },
      },
      (error, stdout, stderr) => done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** tfjs-node's own installer has been run in node_modules: then there is no being without. */
export const isNativeInPackage = existsSync('node_modules/@tensorflow/tfjs-node/lib');

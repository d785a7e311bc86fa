// 100,000 latents of 16 numbers in 9 classes, and their labels, as NPY files in a folder: what shards of an evaluation are tried on.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeNpyHeader } from '../../src/data/readers/npy.ts';
import { randomFor } from '../../src/random.ts';

const [folder = '.'] = process.argv.slice(2);
const [count, size, classCount] = [100_000, 16, 9];
const random = randomFor(0, 'latents of shards');
const labels = Int32Array.from({ length: count }, () => random.integer(classCount));
const latents = Float32Array.from(
  { length: count * size },
  (_, at) => 2 * random.uniform() + (at % size === labels[Math.floor(at / size)] ? 3 : 0),
);
writeFileSync(
  join(folder, 'latents.npy'),
  Buffer.concat([encodeNpyHeader('float32', [count, size]), new Uint8Array(latents.buffer)]),
);
writeFileSync(
  join(folder, 'labels.npy'),
  Buffer.concat([encodeNpyHeader('int32', [count]), new Uint8Array(labels.buffer)]),
);

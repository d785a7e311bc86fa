// A process that saves one checkpoint after the other, as fast as it can, until it is killed. With a second argument k it
// kills itself right before its k-th call of the file system, counted from the start of the third checkpoint.
import { saveCheckpoint } from '../../src/storage/checkpoint.ts';
import { type FileSystem, localFileSystem } from '../../src/storage/file-system.ts';

const [folder, killAtCall] = process.argv.slice(2);
let calls = 0;
const suicidal: FileSystem = new Proxy(localFileSystem, {
  get(target, key) {
    const call: unknown = Reflect.get(target, key);
    if (typeof call !== 'function') return call;
    return (...parameters: readonly unknown[]): unknown => {
      if (++calls === Number(killAtCall)) process.kill(process.pid, 'SIGKILL');
      return Reflect.apply(call, target, parameters);
    };
  },
});

for (let step = 1; ; step++) {
  if (step === 4 && killAtCall !== undefined) break;
  const values = new Float32Array(50_000).fill(step);
  const arrays = new Map([['w', { shape: [values.length], values }]]);
  const files = killAtCall !== undefined && step === 3 ? suicidal : localFileSystem;
  await saveCheckpoint(folder, step, { weights: arrays, optimizer: arrays, state: { step } }, { keptCount: 2, files });
  process.stdout.write(`${step}\n`);
}

// A command that has everything on its hands that an interruption must not leave behind: a folder and a file that are being
// written, a scratch folder, the lock of a run, and a child with a child of its own. Says what it has, and waits.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterruption, listenForInterruptions } from '../../cli/interruption.ts';
import { runCommand } from '../../src/machine/command.ts';
import { writeFileAtomicWith, writeFolderAtomic } from '../../src/storage/atomic-file.ts';
import { acquireRunLock } from '../../src/storage/run-lock.ts';
import { makeScratch } from '../../src/storage/scratch.ts';

const [folder, stop] = process.argv.slice(2);
const interruption = createInterruption();
listenForInterruptions(interruption);
const never = new Promise<void>(() => setInterval(() => undefined, 1000));
if (stop === 'stops')
  interruption.stopWhenInterrupted((exitCode) => {
    process.stdout.write('stopping\n');
    process.exitCode = exitCode;
    return true;
  });
await acquireRunLock(folder);
const scratch = makeScratch('test-of-interruptions');
void writeFileAtomicWith(join(folder, 'a.h5'), (path) => {
  writeFileSync(path, 'half');
  return never;
});
void writeFolderAtomic(join(folder, 'export'), (path) => {
  writeFileSync(join(path, 'encoder.onnx'), 'half');
  return never;
});
const pidFile = join(folder, 'pid');
void runCommand('sh', ['-c', `sleep 1000 & echo $! > ${pidFile}; wait`]);
while (true) {
  await new Promise((done) => setTimeout(done, 20));
  const { existsSync, readFileSync } = await import('node:fs');
  if (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') continue;
  process.stdout.write(`${scratch}\n`);
  break;
}
await never;

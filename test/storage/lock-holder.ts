// A process that locks the run folder of its argument, says so, and waits to be killed. Where its second argument, the number
// of contenders, is above 1, it waits for all of them first, so that they race for the lock of a dead process.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireRunLock } from '../../src/storage/run-lock.ts';

const [folder, contenders] = process.argv.slice(2);
if (Number(contenders) > 1) {
  writeFileSync(join(folder, `ready-${process.pid}`), '');
  while (readdirSync(folder).filter((name) => name.startsWith('ready-')).length < Number(contenders));
}
try {
  await acquireRunLock(folder, { onNote: (note) => process.stdout.write(`${note}\n`) });
  process.stdout.write('locked\n');
} catch (error) {
  process.stdout.write(`refused: ${error instanceof Error ? error.message : String(error)}\n`);
}
setInterval(() => undefined, 1000);

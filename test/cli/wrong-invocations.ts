// Runs many wrong calls of `jepa` in one process: argv lists on stdin, [exit code, stderr, stdout] of each on the last line.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const calls: readonly (readonly string[])[] = JSON.parse(readFileSync(0, 'utf8'));
const main = pathToFileURL(join(import.meta.dirname, '..', '..', 'cli', 'main.ts')).href;
const writeOut = process.stdout.write.bind(process.stdout);
const writeError = process.stderr.write.bind(process.stderr);
// Every import listens for signals again.
for (const emitter of [process, process.stdout, process.stderr]) emitter.setMaxListeners(0);
const answers: (readonly [number, string, string])[] = [];
for (const [i, call] of calls.entries()) {
  let out = '';
  let error = '';
  process.stdout.write = (text: string | Uint8Array) => {
    out += text;
    return true;
  };
  process.stderr.write = (text: string | Uint8Array) => {
    // A slow machine tells how far it is.
    if (!/^episode \d+\/\d+\s*$/.test(String(text))) error += text;
    return true;
  };
  process.argv = [process.argv[0], 'jepa', ...call];
  process.exitCode = 0;
  // The module runs as it is imported; only this one is new each time.
  await import(`${main}?call=${i}`);
  answers.push([Number(process.exitCode), error, out]);
}
process.stdout.write = writeOut;
process.stderr.write = writeError;
process.stdout.write(`\n${JSON.stringify(answers)}\n`, () => process.exit(0));

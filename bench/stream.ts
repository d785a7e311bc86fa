// `npm run bench:stream`: an evaluation of very many images beside encoding alone, with our command and with a loop in Python, in turns.
// CPU seconds of whole processes, so that what else the machine does matters little; peak memory.
// Usage: node --import tsx bench/stream.ts encoder.onnx frames.npz [--column frames] [--labels label] [--rounds 3] [--threads 2]
//        [--python python3]; the NPZ is stored, not compressed, for the sake of the Python loop. The encoder takes float32 NCHW in 0..1.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../src/machine/package.ts';
import { median } from '../src/measures/median.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    column: { type: 'string', default: 'frames' },
    labels: { type: 'string', default: 'label' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    python: { type: 'string', default: 'python3' },
  },
});
const [encoder, frames] = positionals;
if (encoder === undefined || frames === undefined) throw new Error('expected encoder.onnx frames.npz');
const { column, labels, threads } = values;
const jepa = join(packageRoot(), 'bin', 'jepa.js');
/** Reports what a child used, however it is written. */
const MEASURE = `import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
u = resource.getrusage(resource.RUSAGE_CHILDREN)
print(u.ru_utime + u.ru_stime, u.ru_maxrss / 1024)`;

interface Used {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

function measure(words: readonly string[]): Used {
  const { status, stdout, stderr } = spawnSync(values.python, ['-c', MEASURE, ...words], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
  const [cpuSeconds, peakMiB] = stdout.trim().split(' ').map(Number);
  return { cpuSeconds, peakMiB };
}

const data = ['--data', frames, '--map', `observation=${column}`, '--threads', threads];
const latents = join(tmpdir(), `bench-stream-${process.pid}.npz`);
const ways: Readonly<Record<string, readonly string[]>> = {
  'Python loop, encodes': [
    values.python,
    join(packageRoot(), 'bench/stream/encode.py'),
    encoder,
    frames,
    column,
    threads,
  ],
  'jepa encode': [process.execPath, jepa, 'encode', encoder, ...data, '--out', latents, '--replace'],
  'jepa evaluate --observations all': evaluation(),
  'jepa evaluate --observations all --queries 256': evaluation('--queries', '256'),
};
function evaluation(...more: readonly string[]): readonly string[] {
  return [
    ...[process.execPath, jepa, 'evaluate', encoder, ...data, '--classes', `column:${labels}`],
    ...['--observations', 'all', '--no-report', '--json', ...more],
  ];
}

const used = new Map<string, Used[]>();
for (let round = 0; round < Number(values.rounds); round++)
  for (const [name, words] of Object.entries(ways)) {
    const found = measure(words);
    used.set(name, [...(used.get(name) ?? []), found]);
    process.stdout.write(
      `${round + 1}: ${name}: ${found.cpuSeconds.toFixed(1)} CPU s, ${found.peakMiB.toFixed(0)} MiB\n`,
    );
  }
process.stdout.write(`${cpus()[0]?.model}, ${cpus().length} cores, ${threads} threads\n`);
rmSync(latents, { force: true });
const base = used.get('jepa encode') ?? [];
for (const [name, all] of used) {
  const ratios = all.map(({ cpuSeconds }, n) => cpuSeconds / base[n].cpuSeconds);
  const peak = Math.max(...all.map(({ peakMiB }) => peakMiB));
  process.stdout.write(`${name}: ${median(ratios).toFixed(2)} of jepa encode, at most ${peak.toFixed(0)} MiB\n`);
}

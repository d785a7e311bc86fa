// `jepa quantize` beside onnxruntime's own quantiser on encoders with labelled data: size, time, error and verdict, each judged on
// the same observations, which neither has seen. A table for docs/quantization.md.
//
//     node --import tsx bench/quantize.ts PYTHON FOLDER RUN...
//
// PYTHON has onnx and onnxruntime; FOLDER holds patterns.npz and the encoders of bench/torch/encoders.py; RUN are exported runs.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type CertifyEncoderOptions, certificationInput } from '../pipeline/encoder/certify.ts';
import { type Bench, encodeSets, measureReference, timeInTurns } from '../pipeline/quantize/measuring.ts';
import { divideObservations } from '../pipeline/quantize/observation.ts';
import { quantizeEncoder } from '../pipeline/quantize/run.ts';
import { headroom } from '../src/measures/bound/headroom.ts';
import { median } from '../src/measures/median.ts';
import { observationFeeds } from '../src/run/encode.ts';
import { openRuntime } from '../src/runtimes/index.ts';
import { elementCount } from '../src/shape.ts';

const sizes = { judging: 1024, search: 512, calibration: 128 };
const total = sizes.judging + sizes.search + sizes.calibration / 2;
const ROUNDS = 15;

interface Subject {
  readonly name: string;
  readonly path: string;
  readonly options: CertifyEncoderOptions;
}

function subjectsOf(folder: string, runs: readonly string[]): Subject[] {
  const options = { data: join(folder, 'patterns.npz'), classes: { of: 'column', column: 'label' } } as const;
  return [
    ...runs.map((path) => ({ name: basename(path), path, options: {} })),
    ...['resnet', 'vit', 'mobilenet']
      .map((name) => ({ name: `torch ${name}`, path: join(folder, `${name}.onnx`), options }))
      .filter(({ path }) => existsSync(path)),
  ];
}

async function main([python, folder, ...runs]: readonly string[]): Promise<void> {
  const scratch = mkdtempSync(join(folder, 'bench-'));
  const runtime = await openRuntime('cpu', { threads: 1 });
  try {
    for (const { name, path, options } of subjectsOf(folder, runs)) {
      const found = await certificationInput(path, { ...options, observations: total });
      const shape = found.source.observationShape;
      const drawn = await found.source.draw(total, 0);
      const { calibration, search, judging } = divideObservations(drawn, elementCount(shape), sizes, found.classes);
      const bench: Bench = {
        runtime,
        input: found.input,
        shape,
        classes: found.classes,
        metric: undefined,
        hasUnitScale: !path.endsWith('.onnx'),
      };
      const reference = await measureReference(bench, found.path, judging);
      const files: [string, string][] = [];
      for (const prefer of ['size', 'time'] as const) {
        const out = join(scratch, `${prefer}.onnx`);
        const { record } = await quantizeEncoder(path, {
          ...options,
          prefer,
          out,
          threads: 1,
          report: false,
          force: true,
        });
        const kept = record.units.filter(({ level }) => level !== 'int8').length;
        files.push([
          `jepa quantize --prefer ${prefer} (${record.units.length - kept} of ${record.units.length} in 8 bits)`,
          out,
        ]);
      }
      const session = await runtime.load(found.path);
      const feeds = observationFeeds(session.inputs, shape, found.input)(calibration);
      await session.dispose();
      const [[input, tensor]] = Object.entries(feeds);
      const { buffer, byteOffset, byteLength } = tensor.data;
      writeFileSync(join(scratch, 'calibration.bin'), new Uint8Array(buffer, byteOffset, byteLength));
      for (const method of ['MinMax', 'Entropy', 'Percentile'])
        for (const isReduced of [false, true]) {
          const out = join(scratch, `${method}-${isReduced}.onnx`);
          const script = join(dirname(import.meta.filename), 'torch', 'quantize_static.py');
          const request = { source: found.path, out, method, isReduced, input, type: tensor.type, shape: tensor.shape };
          execFileSync(python, [script, join(scratch, 'calibration.bin'), JSON.stringify(request)], {
            stdio: ['ignore', 'ignore', 'inherit'],
          });
          files.push([`onnxruntime ${method}${isReduced ? ', reduce_range' : ''}`, out]);
        }
      const [floats, ...times] = await timeInTurns(
        bench,
        [found.path, ...files.map(([, file]) => file)],
        search.judged.observations,
        ROUNDS,
      );
      const bytes = statSync(found.path).size;
      const { decision, centroids } = reference.measured;
      process.stdout.write(
        `| ${name} | float32 | ${kib(bytes)} | 1 | 0 | ${reference.tolerance.toPrecision(3)} | ${decision.verdict} | | ${centroids.accuracy.toFixed(4)} |\n`,
      );
      for (const [i, [label, file]] of files.entries()) {
        const { sets } = await encodeSets(bench, readFileSync(file), judging);
        const found = headroom(reference, sets);
        const ratio = median(times[i].map((ms, round) => ms / floats[round]));
        process.stdout.write(
          `| ${name} | ${label} | ${kib(statSync(file).size)} | ${ratio.toFixed(2)} | ${found.largestError.toPrecision(3)} | | ${found.verdict} | ${found.holds ? 'yes' : 'no'} | ${found.accuracy.toFixed(4)} |\n`,
        );
      }
    }
  } finally {
    await runtime.dispose();
    rmSync(scratch, { recursive: true, force: true });
  }
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(0);
}

process.stdout.write(
  '| encoder | file | KiB | time | largest error | borne | verdict | certified | accuracy |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n',
);
await main(process.argv.slice(2));

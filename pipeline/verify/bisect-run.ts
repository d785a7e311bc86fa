// The nodes of a run's encoder on two of its runtimes or variants.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { inspectOnnx } from '../../export/inspect.ts';
import { JepaError, option, UsageError } from '../../src/error.ts';
import type { EvaluationSource } from '../../src/evaluation/held-out/held-out.ts';
import { observationFeeds } from '../../src/run/encode.ts';
import type { EvaluationSubject } from '../../src/run/subject.ts';
import type { TensorSpec } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';
import { makeScratch, removeScratch } from '../../src/storage/scratch.ts';
import type { Runner } from '../../src/verification/runner.ts';
import type { Bisection } from '../../src/verification/schema.ts';
import { BISECTED_ROWS, type BisectedFile, bisectOnFeeds } from './bisect-files.ts';
import { type RunSettings, RuntimePool } from './compared-run.ts';

export interface BisectedRun {
  readonly subject: EvaluationSubject;
  readonly source: EvaluationSource;
  readonly runners: readonly [Runner, Runner];
  readonly seed: number;
}

/** @throws UsageError for a runtime that reads no ONNX files or is a program in another language, or without an export */
export async function bisectRun(
  { subject, source, runners, seed }: BisectedRun,
  options: RunSettings & { readonly tolerance: number; readonly onProgress: (line: string) => void },
): Promise<Bisection> {
  const { onnx } = subject;
  if (onnx === undefined)
    throw new UsageError(`${subject.folder}: expected an export to bisect, found none`, {
      remedy: `Export the run: jepa export ${subject.folder}`,
    });
  const wrong = runners.find(({ isInHouse, format }) => !isInHouse || format !== 'onnx');
  if (wrong !== undefined)
    throw new UsageError(
      `${option('bisection')}: expected runtimes of this program that read ONNX files, got ${wrong.name}`,
      {
        remedy: 'Choose two of cpu, cuda, webgpu, wasm, chromium:wasm, chromium:webgpu, cpu:fp16, cpu:int8.',
      },
    );
  const pool = new RuntimePool(options);
  const scratch = makeScratch('bisect-run');
  try {
    const files: BisectedFile[] = [];
    for (const { name, model, find } of runners) {
      const { encoder = onnx.encoder.path } = await find(scratch);
      const inputs = inspectOnnx(readFileSync(encoder), basename(encoder)).inputs as readonly TensorSpec[];
      // Of a variant, the runtime that runs the other file.
      const runtime = model === 'float32' ? name : name.slice(0, name.lastIndexOf(':'));
      files.push({ file: { name: basename(encoder), path: encoder, inputs }, runtime });
    }
    const { observationShape } = source;
    const { judged } = await source.draw(BISECTED_ROWS, seed);
    const rows = Math.min(BISECTED_ROWS, judged.states.length);
    const [reference, other] = files.map(({ file }) =>
      observationFeeds(
        file.inputs,
        observationShape,
        onnx.encoder.input,
      )(judged.observations.subarray(0, rows * elementCount(observationShape))),
    );
    const found = await bisectOnFeeds(
      files[0],
      files[1],
      { reference, subject: other, rows },
      {
        ...options,
        pool,
        memoryByteLength: options.limits.memoryByteLength,
      },
    );
    if (found.bisection === undefined) throw new JepaError('bisection: expected a result, got none');
    return { ...found.bisection, between: [runners[0].name, runners[1].name] };
  } finally {
    await pool.dispose();
    removeScratch(scratch);
  }
}

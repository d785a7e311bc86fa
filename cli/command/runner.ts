// `jepa runner NAME ...`: one runtime by the protocol of `jepa verify`, in this process. verify starts it as a child.
import { Command } from 'commander';
import { UnavailableError, unknownName } from '../../src/error.ts';
import type { ProtocolArguments } from '../../src/verification/protocol.ts';
import { parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';

type RunnerArguments = readonly [
  name: string,
  encoder: string,
  predictor: string,
  observations: string,
  actions: string,
  count: number,
  batch: number,
  out: string | undefined,
];

export function createRunnerCommand(terminal: Terminal): Command {
  return new Command('runner')
    .description('run an encoder and a predictor on raw files, as jepa verify does with every runtime')
    .argument('<runtime>', 'tfjs, cpu, cuda, webgpu, wasm, chromium:wasm, chromium:wasm:2, chromium:webgpu')
    .argument('<encoder>', 'encoder.onnx; for tfjs a model.json')
    .argument('<predictor>', 'predictor.onnx; for tfjs a model.json')
    .argument('<observations>', 'raw little-endian file in the shape and type of the encoder, N rows')
    .argument('<actions>', 'raw little-endian float32 [2, N, A]')
    .argument('<N>', 'rows', parseWhole('N', 1))
    .argument('<batch>', 'rows that are run together', parseWhole('batch', 1))
    .argument('[folder]', 'to write latent.bin, predicted_1.bin, predicted_2.bin and runtime.json to')
    .addHelpText('after', '\nThreads: JEPA_THREADS, default 1. The protocol: docs/verify.md')
    .action((...given) => runRunner(terminal, given.slice(0, 8) as unknown as RunnerArguments));
}

async function runRunner(terminal: Terminal, [name, ...given]: RunnerArguments): Promise<void> {
  const [encoder, predictor, observations, actions, count, batch, out] = given;
  const threads = parseWhole('JEPA_THREADS', 1)(process.env.JEPA_THREADS ?? '1');
  const files: ProtocolArguments = { encoder, predictor, observations, actions, count, batch, threads };
  try {
    const { isInHouse, allRuntimes } = await import('../../src/verification/runners.ts');
    if (!isInHouse(name)) throw unknownName('runner', 'a runtime of this program', name, allRuntimes.filter(isInHouse));
    if (name.startsWith('chromium:')) await runBrowser(terminal, name, files, out);
    else await runInProcess(terminal, name, files, out);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    const { EXIT_UNAVAILABLE } = await import('../../src/verification/protocol.ts');
    const line = [error.message, ...(error.remedy ? [error.remedy] : [])]
      .map((part) => part.replace(/\s+/g, ' '))
      .join('\t');
    terminal.stderr.write(`${line}\n`);
    terminal.exitCode = EXIT_UNAVAILABLE;
  }
  // onnxruntime-web's idle workers, and TensorFlow's threads, shall not decide when this ends.
  terminal.endsAtOnce = true;
}

async function runInProcess(
  terminal: Terminal,
  name: string,
  files: ProtocolArguments,
  out: string | undefined,
): Promise<void> {
  const { runInHouse, writeProtocolResult } = await import('../../src/verification/in-house.ts');
  const result = await runInHouse(name, files);
  if (out !== undefined) return writeProtocolResult(out, result);
  printFirst(terminal, files.count, [result.latent, ...result.predicted]);
}

async function runBrowser(
  terminal: Terminal,
  name: string,
  files: ProtocolArguments,
  out: string | undefined,
): Promise<void> {
  const { runInChromium } = await import('../../src/verification/chromium.ts');
  if (out !== undefined) return runInChromium(name, files, out);
  const { readFileSync } = await import('node:fs');
  const { makeScratch, removeScratch } = await import('../../src/storage/scratch.ts');
  const { join } = await import('node:path');
  const folder = makeScratch('runner');
  try {
    await runInChromium(name, files, folder);
    const read = (file: string) => new Float32Array(new Uint8Array(readFileSync(join(folder, file))).buffer);
    printFirst(terminal, files.count, ['latent.bin', 'predicted_1.bin', 'predicted_2.bin'].map(read));
  } finally {
    removeScratch(folder);
  }
}

/** The first latent, and its predictions one and two actions ahead. */
function printFirst(terminal: Terminal, count: number, values: readonly Float32Array[]): void {
  for (const each of values) terminal.stdout.write(`${each.subarray(0, each.length / count).join(' ')}\n`);
}

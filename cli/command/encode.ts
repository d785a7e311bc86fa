// `jepa encode`: writes the latents of a recording, for `jepa evaluate --latents` or for anything else that takes vectors.

import { Command } from 'commander';
import { formatJson } from '../../src/json.ts';
import { type EncoderFlags, judgedOptions, withEncoderFlags, withLatentFlags } from '../parse/encoder.ts';
import { parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';
import { ensureRuntimePackages } from '../upkeep/tensorflow.ts';

interface EncodeFlags extends EncoderFlags {
  readonly data?: string;
  readonly out: string;
  readonly replace?: boolean;
  readonly runtime: string;
  readonly threads?: number;
  readonly json?: boolean;
}

export function createEncodeCommand(terminal: Terminal): Command {
  const command = new Command('encode')
    .description('write the latents of a recording, with its labels and episodes, on any runtime')
    .argument('<model>', 'an ONNX file: an encoder from anywhere; or the folder of a run or of an export')
    .option('--data <path>', 'the recording; of a run: where it is now (default: where it was)')
    .requiredOption('--out <file>', 'the new file: .npz, .parquet or .hdf5')
    .option('--replace', 'replace a file that is there')
    .option('--runtime <name>', 'cpu, wasm, cuda, webgpu, or a variant: cuda:tf32', 'cpu')
    .option('--threads <number>', 'threads of the runtime (default: all cores)', parseWhole('--threads', 1))
    .option('--json', 'print what was written as JSON');
  return withLatentFlags(withEncoderFlags(command, 'without environment'))
    .addHelpText(
      'after',
      `
Examples:
  jepa encode encoder.onnx --data frames.npz --out latents.npz
  jepa encode dino.onnx --data photos --output last_hidden_state --pool cls --pixels imagenet --out latents.parquet
  jepa evaluate --latents latents.npz --classes column:label     # the numbers of jepa evaluate encoder.onnx

Every encoder that this takes, and what it has to be told: docs/encoders.md`,
    )
    .action((model, flags) => runEncode(terminal, model, flags));
}

async function runEncode(terminal: Terminal, model: string, { json, ...flags }: EncodeFlags): Promise<void> {
  const { encodeRecording } = await import('../../pipeline/encoder/encode.ts');
  const { parseForeignVariant } = await import('../../src/evaluation/foreign-encoder.ts');
  parseForeignVariant(model, flags.runtime, 'encode');
  await ensureRuntimePackages(terminal, [flags.runtime]);
  const written = await encodeRecording(model, {
    ...flags,
    ...(await judgedOptions(terminal, { pixels: flags.pixels })),
  });
  if (json) {
    terminal.stdout.write(formatJson(written));
    return;
  }
  const { file, observations, size, episodes, columns, runtime } = written;
  const beside = columns.length === 0 ? '' : `, beside ${columns.join(', ')}`;
  terminal.stdout.write(
    `${file}: ${observations} latents of ${size} numbers in ${episodes} ${episodes === 1 ? 'episode' : 'episodes'}${beside} (${runtime.runtime}, ${runtime.version})\n`,
  );
}

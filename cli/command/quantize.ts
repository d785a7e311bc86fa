// `jepa quantize`: an encoder in 8 bits whose verdict is certified; what must stay in float32 for that is searched for.

import { Command, Option } from 'commander';
import type { QuantizeEncoderOptions } from '../../pipeline/quantize/option.ts';
import { formatJson } from '../../src/json.ts';
import type { Metric } from '../../src/measures/latents.ts';
import { OPEN_DESCRIPTION, OPEN_FLAG, openPage } from '../open.ts';
import {
  encoderFlagNames,
  type FeedingFlags,
  isEncoderFile,
  judgedOptions,
  refuseEncoderFlags,
  withEncoderFlags,
} from '../parse/encoder.ts';
import { parseNonNegative, parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';

interface QuantizeFlags extends FeedingFlags {
  readonly out?: string;
  readonly keep: 'distinct' | 'none';
  readonly prefer: 'size' | 'time';
  readonly for: 'onnxruntime' | 'tensorrt';
  readonly calibration: 'auto' | 'min-max' | 'percentile' | 'entropy';
  readonly percentile?: number;
  readonly weightBits: 'auto' | '7' | '8';
  readonly observations: number;
  readonly searchObservations: number;
  readonly calibrationObservations: number;
  readonly reserve: number;
  readonly seed: number;
  readonly classes?: string;
  readonly data?: string;
  readonly metric?: Metric;
  readonly threads?: number;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly report: boolean;
  readonly open?: boolean;
}

export function createQuantizeCommand(terminal: Terminal): Command {
  const command = new Command('quantize')
    .description(
      'write an encoder in 8 bits that still keeps the classes apart, certified on observations it was not made by',
    )
    .argument('<encoder>', 'an ONNX file: an encoder from anywhere; or the folder of a run or of an export')
    .option('--out <file.onnx>', 'the file to write (default: NAME.int8.onnx beside NAME.onnx)')
    .addOption(
      new Option('--keep <verdict>', 'distinct: nodes stay in float32 until the verdict is certified; none: no search')
        .choices(['distinct', 'none'])
        .default('distinct'),
    )
    .addOption(
      new Option('--prefer <goal>', 'size: the smallest file; time: the fastest graph on this machine')
        .choices(['size', 'time'])
        .default('size'),
    )
    .option('--data <path>', 'of an ONNX file: a recording; of a run: where its recording is now')
    .option('--classes <source>', 'what must be told apart: as for jepa evaluate');
  return withEncoderFlags(command)
    .addOption(
      new Option('--calibration <method>', 'how ranges are taken from samples; auto: what leaves the most margin')
        .choices(['auto', 'min-max', 'percentile', 'entropy'])
        .default('auto'),
    )
    .option(
      '--percentile <number>',
      'percentile: share of the numbers inside of a range, in per cent (default: 99.99)',
      parseNonNegative('--percentile'),
    )
    .addOption(
      new Option(
        '--weight-bits <bits>',
        '8, or 7 where the processor overflows at 8 (x86 without VNNI); auto: what leaves more',
      )
        .choices(['auto', '7', '8'])
        .default('auto'),
    )
    .addOption(
      new Option('--for <runtime>', 'tensorrt: zero points 0 and biases in float32')
        .choices(['onnxruntime', 'tensorrt'])
        .default('onnxruntime'),
    )
    .option(
      '--observations <number>',
      'that judge the result; as many more give the centroids',
      parseWhole('--observations', 2),
      1024,
    )
    .option(
      '--search-observations <number>',
      'that the search looks at; as many more give its centroids',
      parseWhole('--search-observations', 2),
      512,
    )
    .option(
      '--calibration-observations <number>',
      'that ranges are taken from',
      parseWhole('--calibration-observations', 1),
      128,
    )
    .option(
      '--reserve <share>',
      'of the error that the verdict bears, what the search leaves for unseen observations',
      parseNonNegative('--reserve'),
      0.2,
    )
    .option('--seed <number>', 'seed of the observations', parseWhole('--seed', 0), 0)
    .addOption(
      new Option('--metric <metric>', 'how latents are compared (default: euclidean)').choices(['euclidean', 'cosine']),
    )
    .option('--threads <number>', 'threads of the runtime (default: all cores)', parseWhole('--threads', 1))
    .option('--force', 'replace files that are there')
    .option('--json', 'print the record instead of the table')
    .option(OPEN_FLAG, OPEN_DESCRIPTION)
    .option('--no-report', 'write the file alone, without NAME.quantization.json and .html')
    .addHelpText(
      'after',
      `
Examples:
  jepa quantize runs/a
  jepa quantize encoder.onnx --data frames.npz --classes column:label --out small.onnx
  jepa quantize encoder.onnx --data frames.npz --classes column:label --prefer time --for tensorrt

Observations for ranges, for the search and for the verdict are three parts that share none. Nothing is written unless the
verdict is certified (docs/quantization.md).`,
    )
    .action((subject, flags) => runQuantize(terminal, subject, flags));
}

async function runQuantize(terminal: Terminal, subject: string, flags: QuantizeFlags): Promise<void> {
  if (!isEncoderFile(subject)) refuseEncoderFlags(subject, flags, encoderFlagNames, 'an ONNX file');
  const { ensureRuntimePackages } = await import('../upkeep/tensorflow.ts');
  await ensureRuntimePackages(terminal, ['cpu']);
  const { quantizeEncoder } = await import('../../pipeline/quantize/run.ts');
  const { calibration, weightBits, open, json, ...rest } = flags;
  const options: QuantizeEncoderOptions = {
    ...rest,
    calibration: calibration === 'auto' ? undefined : calibration,
    weightBits: weightBits === 'auto' ? undefined : weightBits === '8' ? 8 : 7,
    ...(await judgedOptions(terminal, flags)),
  };
  const quantized = await quantizeEncoder(subject, options);
  if (json) terminal.stdout.write(formatJson(quantized.record));
  else {
    const { renderQuantization } = await import('../text/quantization.ts');
    terminal.stdout.write(renderQuantization(quantized));
  }
  if (quantized.reportPath !== undefined) await openPage(terminal, open, quantized.reportPath);
}

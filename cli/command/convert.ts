// `jepa convert`: a saved TensorFlow.js model, of layers or a graph, to ONNX, checked before it is written.
import { Command } from 'commander';
import { UsageError, unknownName } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';
import { byteSize, countText } from '../text/number.ts';
import { noteTo } from '../text/option.ts';

interface ConvertFlags {
  readonly opset?: number;
  readonly layout: string;
  readonly pixels: string;
  readonly dynamic?: string;
  readonly fixed: readonly [string, number][];
  readonly inputShape: readonly [string, (number | string)[]][];
  readonly precision: string;
  readonly calibration?: string;
  readonly weightBits: string;
  readonly keepFloat32Ports?: boolean;
  readonly converters?: string;
  readonly inputNames?: string;
  readonly outputNames?: string;
  readonly check: boolean;
  readonly testData: boolean;
  readonly runtime: string;
  readonly seed: number;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function createConvertCommand(terminal: Terminal): Command {
  return new Command('convert')
    .description(
      'convert a model of TensorFlow.js (model.json, of layers or a graph) or of Keras (.keras, .h5) to ONNX',
    )
    .argument('<model>', 'a model.json with its weight files beside it, or a .keras or .h5 file')
    .argument('<model.onnx>', 'the file to write')
    .option('--opset <number>', 'ONNX operator set, 17 to 23 (default: 17)', parseWhole('--opset', 1))
    .option('--layout <layout>', 'images in the file: nchw, nhwc, or as the model has them: model', 'nchw')
    .option('--pixels <type>', 'image inputs: float32 as the model takes them, or uint8 scaled by 1/255', 'float32')
    .option('--dynamic <axes>', 'comma-separated axes that stay dynamic; "batch" also frees a fixed batch')
    .option('--fixed <axis=size>', 'fix a dynamic axis, such as time=32 or N=1; repeatable', collectSize, [])
    .option(
      '--input-shape <name=sizes>',
      'sizes of an input that a graph takes in any rank: state=1,16,16,8, or scale= for a number; repeatable',
      collectShape,
      [],
    )
    .option('--precision <precision>', 'fp32, fp16, or int8 with --calibration', 'fp32')
    .option('--calibration <file.npz>', 'samples for int8: one array a model input, by its name in the file')
    .option(
      '--weight-bits <bits>',
      'int8: 8, or 7 where the processor that runs the file overflows at 8 (x86 without VNNI)',
      '8',
    )
    .option('--keep-float32-ports', 'fp16: keep inputs and outputs float32')
    .option('--input-names <names>', "comma-separated names of the inputs (default: the model's)")
    .option('--output-names <names>', "comma-separated names of the outputs (default: the model's)")
    .option('--converters <module>', 'a module of your own that converts your custom layers: its code is run')
    .option('--no-check', 'write without a session and without a comparison with TensorFlow.js')
    .option('--no-test-data', 'do not write test_data_set_0 and the report beside the model')
    .option('--runtime <name>', 'runtime of the check: cpu or wasm', 'cpu')
    .option('--seed <number>', "seed of the check's random inputs", parseWhole('--seed', 0), 0)
    .option('--force', 'replace files that are there')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
Examples:
  jepa convert model.json model.onnx
  jepa convert model.keras model.onnx
  jepa convert model.json model.onnx --layout nhwc --fixed N=1
  jepa convert model.json small.onnx --precision int8 --calibration samples.npz

Nothing is written unless the structure is sound, onnxruntime opens the file, and its outputs agree with TensorFlow.js
(or, for files of Keras 3, which TensorFlow.js cannot run, with the graph before optimisation).
Which layers there are and what becomes of them: docs/export-coverage.md; operations of graph models: docs/export-operations.md`,
    )
    .action((source, target, flags) => runConvert(terminal, source, target, flags));
}

function collectSize(text: string, before: readonly [string, number][]): [string, number][] {
  const [, name, size] = /^(.+)=(\d+)$/.exec(text) ?? [];
  if (name === undefined || Number(size) < 1) throw new UsageError(`--fixed: expected axis=size, got "${text}"`);
  return [...before, [name, Number(size)]];
}

function collectShape(text: string, before: readonly [string, (number | string)[]][]): [string, (number | string)[]][] {
  const [, name, list] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  const sizes = list === undefined || list === '' ? [] : list.split(',').map((size) => size.trim());
  if (name === undefined || sizes.some((size) => !/^([1-9]\d*|[A-Za-z_]\w*)$/.test(size)))
    throw new UsageError(`--input-shape: expected name=sizes such as image=N,224,224,3, got "${text}"`);
  return [...before, [name, sizes.map((size) => (/^\d/.test(size) ? Number(size) : size))]];
}

function choice<const T extends string>(option: string, value: string, choices: readonly T[]): T {
  const found = choices.find((each) => each === value);
  if (found === undefined) throw unknownName(option, 'one of', value, choices);
  return found;
}

function list(text: string | undefined): string[] | undefined {
  return text?.split(',').map((name) => name.trim());
}

async function runConvert(terminal: Terminal, source: string, target: string, flags: ConvertFlags): Promise<void> {
  const { loadConverters } = await import('../../pipeline/convert/custom-converters.ts');
  const precision = choice('--precision', flags.precision, ['fp32', 'fp16', 'int8']);
  const custom = flags.converters === undefined ? {} : await loadConverters(flags.converters);
  const { convertModel } = await import('../../pipeline/convert/model.ts');
  const [inputNames, outputNames] = [list(flags.inputNames), list(flags.outputNames)];
  const work = convertModel(source, target, {
    ...custom,
    ...(flags.opset === undefined ? {} : { opset: flags.opset }),
    layout: choice('--layout', flags.layout, ['nchw', 'nhwc', 'model']),
    pixels: choice('--pixels', flags.pixels, ['float32', 'uint8']),
    fixed: Object.fromEntries(flags.fixed),
    ...(flags.inputShape.length > 0 ? { inputShapes: Object.fromEntries(flags.inputShape) } : {}),
    ...(inputNames && { inputNames }),
    ...(outputNames && { outputNames }),
    dynamic: list(flags.dynamic),
    precision,
    calibration: flags.calibration,
    weightBits: choice('--weight-bits', flags.weightBits, ['7', '8']) === '8' ? 8 : 7,
    keepFloat32Ports: flags.keepFloat32Ports,
    check: flags.check,
    testData: flags.testData,
    runtime: choice('--runtime', flags.runtime, ['cpu', 'wasm']),
    seed: flags.seed,
    force: flags.force,
    onNote: noteTo(terminal.stderr),
  });
  const report = await work.catch(nameConverters);
  if (flags.json) terminal.stdout.write(formatJson(report));
  else terminal.stdout.write(await describeReport(report));
}

/** The library's remedy speaks of its own functions. */
async function nameConverters(error: unknown): Promise<never> {
  const { UnsupportedLayerError } = await import('../../export/index.ts');
  if (error instanceof UnsupportedLayerError && error.remedy?.includes('converters: {'))
    throw new UnsupportedLayerError(error.message, {
      remedy: 'Convert it by a module of your own: --converters my-layers.js (docs/export-adding-a-layer.md).',
      cause: error,
    });
  throw error;
}

async function describeReport(report: import('../../pipeline/convert/model.ts').ConversionReport): Promise<string> {
  const { model, parity } = report;
  const lines = [
    `${report.file}: opset ${model.opset}, ${model.nodes} nodes, ${countText(model.parameters)} parameters, ${byteSize(model.bytes)}, ${report.precision}`,
    `operators: ${Object.entries(model.operators)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
  ];
  if (parity === undefined) lines.push('not compared with TensorFlow.js');
  for (const row of parity?.outputs ?? [])
    lines.push(
      `${row.output} at batch ${row.batch}: largest error ${row.maxAbsError.toExponential(2)} of a scale of ${row.scale.toPrecision(4)} (${row.relativeError.toExponential(2)})${row.sameTop === undefined ? '' : row.sameTop ? ', same top-1' : ', top-1 differs'}`,
    );
  if (parity)
    lines.push(`checked with ${parity.runtime.version} (${parity.runtime.provider}) against ${parity.reference}`);
  return `${lines.join('\n')}\n`;
}

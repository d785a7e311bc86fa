// `jepa export`: writes the networks of a run as ONNX files, each only after it passed its checks.
import { Command, Option } from 'commander';
import { formatJson } from '../../src/json.ts';
import { parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';
import { noteTo } from '../text/option.ts';

interface ExportFlags {
  readonly out?: string;
  readonly state?: string;
  readonly opset?: number;
  readonly for?: string;
  readonly layout: 'nchw' | 'nhwc';
  readonly pixels: 'float32' | 'uint8';
  readonly license?: string;
  readonly trainingStep?: boolean;
  readonly fixedBatch?: boolean;
  readonly json?: boolean;
}

export function createExportCommand(terminal: Terminal): Command {
  return new Command('export')
    .description('write encoder.onnx, predictor.onnx and auxiliary.onnx of a run, checked against tfjs')
    .argument('<run>', 'the folder of a run')
    .option('--out <folder>', 'folder of the export (default: export/ in the run; of a state NAME-export beside it)')
    .option(
      '--state <file>',
      'export weights that training-step.onnx of this run was trained to elsewhere: .npz, .safetensors',
    )
    .option('--opset <number>', 'version of ONNX operators, 17 to 23 (default: 17)', parseWhole('--opset', 1))
    .option('--for <runtime>', 'choose the opset and avoid operators that it lacks: rten, candle, jax, ...')
    .addOption(new Option('--layout <layout>', 'layout of observations').choices(['nchw', 'nhwc']).default('nchw'))
    .addOption(
      new Option('--pixels <type>', 'float32: observations in 0..1; uint8: raw pixels, scaled in the graph')
        .choices(['float32', 'uint8'])
        .default('float32'),
    )
    .option(
      '--license <id>',
      'licence of the weights in the model card, as Hugging Face names it (apache-2.0, mit, ...)',
    )
    .option('--training-step', 'write the training step too: training-step.onnx trains in any onnxruntime')
    .option('--fixed-batch', "fix the batch of training-step.onnx to the run's (default: batches of any size)")
    .option('--json', 'print the parity report as JSON')
    .addHelpText(
      'after',
      `
Examples:
  jepa export runs/a
  jepa export runs/a --out deploy --pixels uint8 --layout nhwc
  jepa export runs/a --training-step
  jepa export runs/a --state trained.npz     # what examples/train wrote: trained-export/encoder.onnx, ...`,
    )
    .action((run, flags) => runExport(terminal, run, flags));
}

async function runExport(terminal: Terminal, run: string, flags: ExportFlags): Promise<void> {
  const { exportRun } = await import('../../pipeline/export/run.ts');
  const { folder, networks, trainingStep } = await exportRun(run, {
    ...flags,
    onNote: noteTo(terminal.stderr, 'jepa: '),
  });
  if (flags.json) {
    const reports = networks.map(({ name, file, bytes, parity }) => ({ name, file, bytes, parity }));
    terminal.stdout.write(formatJson({ folder, networks: reports, ...(trainingStep ? { trainingStep } : {}) }));
    return;
  }
  for (const { file, bytes, nodes, parity } of networks) {
    const error = Math.max(...parity.outputs.map((output) => output.maxAbsError));
    const size = `${(bytes / 1024).toFixed(0)} KiB, ${nodes} nodes`;
    terminal.stdout.write(`${folder}/${file}: ${size}, within ${error.toExponential(1)} of ${parity.reference}\n`);
  }
  if (trainingStep === undefined) return;
  const { lossError } = trainingStep;
  const agreement =
    lossError === undefined
      ? 'one step ran, its losses are finite'
      : `losses within ${lossError.toExponential(1)} of TensorFlow's`;
  for (const { file, bytes, nodes } of trainingStep.files) {
    const size = `${(bytes / 1024).toFixed(0)} KiB, ${nodes} nodes`;
    terminal.stdout.write(`${folder}/${file}: ${size}${file === 'training-step.onnx' ? `, ${agreement}` : ''}\n`);
  }
}

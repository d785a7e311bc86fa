// `jepa inspect`: what is in an ONNX file, or in a model of TensorFlow.js and what of that would convert.
import { Command } from 'commander';
import type { ModelSummary, PortSummary } from '../../export/inspect.ts';
import type { TensorFlowSummary } from '../../export/tensorflow/inspect.ts';
import { FormatError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { printable } from '../../src/printable.ts';
import { requireFile } from '../../src/storage/file-system.ts';
import type { Terminal } from '../terminal.ts';
import { byteSize, countText } from '../text/number.ts';

interface InspectFlags {
  readonly graph?: boolean;
  readonly json?: boolean;
}

export function createInspectCommand(terminal: Terminal): Command {
  return new Command('inspect')
    .description('show what is in an ONNX file, or in a model.json of TensorFlow.js and what of it would convert')
    .argument('<file>', 'any ONNX model, or any model.json')
    .option('--graph', 'list the nodes too')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  jepa inspect encoder.onnx\n  jepa inspect encoder.onnx --graph\n  jepa inspect model.json',
    )
    .action((path, flags) => runInspect(terminal, path, flags));
}

async function runInspect(terminal: Terminal, path: string, flags: InspectFlags): Promise<void> {
  const { readModelFile } = await import('../../src/runtimes/model-file.ts');
  const { inspectOnnx } = await import('../../export/inspect.ts');
  requireFile(path, 'an ONNX file');
  const { bytes, where } = readModelFile(path);
  if (/\.json$/i.test(path)) return inspectJson(terminal, bytes, where, flags);
  const summary = inspectOnnx(bytes, where);
  if (flags.json) {
    const { nodes, ...rest } = summary;
    terminal.stdout.write(formatJson({ format: 1, ...rest, ...(flags.graph ? { nodes } : { nodes: nodes.length }) }));
    return;
  }
  terminal.stdout.write(describeModel(summary));
  if (flags.graph) terminal.stdout.write(describeNodes(summary));
}

async function inspectJson(terminal: Terminal, bytes: Uint8Array, where: string, flags: InspectFlags): Promise<void> {
  const { inspectTensorFlow } = await import('../../export/tensorflow/inspect.ts');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FormatError(`${where}: expected JSON, got text that is none`, { cause });
  }
  const summary = inspectTensorFlow(json, where);
  if (summary === undefined)
    throw new FormatError(`${where}: expected a model of TensorFlow.js, got other JSON`, {
      remedy: 'A model.json has a modelTopology and a weightsManifest.',
    });
  if (flags.json) terminal.stdout.write(formatJson({ format: 1, ...summary }));
  else terminal.stdout.write(describeTensorFlow(summary));
}

function describeTensorFlow(summary: TensorFlowSummary): string {
  const { kind, generatedBy, convertedBy, inputs, outputs, parts, unsupported, parameters, storage } = summary;
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const missing = Object.entries(unsupported).map(
    ([name, holders]) => `${name} (${holders.slice(0, 3).join(', ')}${holders.length > 3 ? ', ...' : ''})`,
  );
  const verdict =
    kind === 'weights without a model'
      ? 'no: its layers are in the code of the library that loads it'
      : missing.length === 0
        ? `every ${kind === 'graph model' ? 'operation' : 'layer class'} is known; jepa convert compares the result`
        : `no: ${missing.join('; ')}`;
  const rows: [string, string][] = [
    ['kind', kind],
    ...(generatedBy || convertedBy
      ? [['written by', [generatedBy, convertedBy].filter(Boolean).join(', ')] as [string, string]]
      : []),
    ...inputs.map((text): [string, string] => ['input', text]),
    ...outputs.map((text): [string, string] => ['output', text]),
    ['weights', `${countText(parameters)} parameters, stored as ${list(storage)}`],
    ...(Object.keys(parts).length > 0
      ? [[kind === 'graph model' ? 'operations' : 'layers', list(parts)] as [string, string]]
      : []),
    ['converts', verdict],
  ];
  return rows.map(([key, value]) => `${key.padEnd(10)} ${printable(value)}\n`).join('');
}

function describeModel(summary: ModelSummary): string {
  const opsets = Object.entries(summary.opsets).map(([domain, version]) => `${domain} ${version}`);
  const rows: [string, string][] = [
    ['name', summary.name],
    ['producer', summary.producer],
    ['opset', `${opsets.join(', ')} (IR ${summary.irVersion})`],
    ['size', `${byteSize(summary.bytes)}, ${countText(summary.parameters)} parameters`],
    [
      'weights',
      Object.entries(summary.initializers)
        .map(([type, count]) => `${type} ${count}`)
        .join(', '),
    ],
    ['precision', summary.precision],
    ...(summary.externalFiles.length > 0 ? [['external', summary.externalFiles.join(', ')] as [string, string]] : []),
    ...(summary.doc ? [['doc', summary.doc] as [string, string]] : []),
    ...summary.inputs.map((port): [string, string] => ['input', describePort(port)]),
    ...summary.outputs.map((port): [string, string] => ['output', describePort(port)]),
    [
      'nodes',
      `${summary.nodes.length}: ${Object.entries(summary.operators)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ')}`,
    ],
    ...Object.entries(summary.metadata).map(([key, value]): [string, string] => ['metadata', `${key} = ${value}`]),
  ];
  return rows.map(([key, value]) => `${key.padEnd(9)} ${printable(value)}\n`).join('');
}

function describePort({ name, type, shape, doc }: PortSummary): string {
  return `${name} ${type}[${shape.join(', ')}]${doc ? `  ${doc}` : ''}`;
}

function describeNodes(summary: ModelSummary): string {
  return summary.nodes
    .map(({ name, operator, domain, inputs, outputs, depth }) => {
      const kind = domain && domain !== 'ai.onnx' ? `${domain}.${operator}` : operator;
      return `${'  '.repeat(depth + 1)}${printable(`${kind}(${inputs.join(', ')}) -> ${outputs.join(', ')}  ${name}`)}\n`;
    })
    .join('');
}

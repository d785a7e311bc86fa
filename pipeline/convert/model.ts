// A saved model to ONNX: read, convert, check, write.
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { existing, modelFiles, writeModel } from '../../export/files.ts';
import {
  buildOnnx,
  calibrate,
  checkModel,
  type ExportOptions,
  expectReadWeights,
  type OnnxModel,
  type ParityReport,
  toFloat16,
  toInt8,
} from '../../export/index.ts';
import { inspectOnnx } from '../../export/inspect.ts';
import { option, UsageError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { openRuntime, type Runtime } from '../../src/runtimes/index.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { makeFolder } from '../../src/storage/file-system.ts';
import { checkedParity } from './check.ts';
import type { ConversionPlan } from './plan.ts';
import { type ConversionSource, readSource } from './source.ts';

/** How a saved model is converted, checked and written; nothing has to be said. */
export interface ConvertOptions
  extends Pick<
    ExportOptions,
    | 'activations'
    | 'avoid'
    | 'converters'
    | 'inputNames'
    | 'inputShapes'
    | 'layout'
    | 'metadata'
    | 'opset'
    | 'outputNames'
    | 'pixels'
  > {
  /** Names of the axes that stay dynamic (`batch` for the batch, also a fixed one). Default: those that the model leaves open. */
  readonly dynamic?: readonly string[] | undefined;
  /** Sizes for dynamic axes, by the axis' name: { N: 1, time: 32 }. Default: none. */
  readonly fixed?: Readonly<Record<string, number>> | undefined;
  /** Of weights and arithmetic. int8 needs `calibration`. Default: fp32. */
  readonly precision?: 'fp32' | 'fp16' | 'int8' | undefined;
  /** For int8: a .npz file with samples, one array a model input by its name in the file, [samples, ...]. */
  readonly calibration?: string | undefined;
  /** Of int8: 8 is nearer to the model; 7 cannot overflow on x86 without VNNI. Default: 8. */
  readonly weightBits?: 7 | 8 | undefined;
  /** Of fp16: inputs and outputs stay float32. Default: false. */
  readonly keepFloat32Ports?: boolean | undefined;
  /** Whether the file is run and compared with TensorFlow.js before it is written. Default: true. */
  readonly check?: boolean | undefined;
  /** Whether test_data_set_0 and the report are written beside the model; only what is checked has any. Default: true. */
  readonly testData?: boolean | undefined;
  /** What the file is checked and calibrated on. Default: cpu. */
  readonly runtime?: 'cpu' | 'wasm' | undefined;
  /** Of the random inputs of the check. Default: 0. */
  readonly seed?: number | undefined;
  /** Whether files that are there are replaced. Default: false. */
  readonly force?: boolean | undefined;
  /** Told in one line of what is odd or could not be compared. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Stops between two steps of the work; nothing is written then. */
  readonly signal?: AbortSignal | undefined;
}

/** What a converted file holds, what was odd about it, and how far it is from the reference. */
export interface ConversionReport {
  readonly format: 1;
  readonly file: string;
  readonly precision: ConversionPlan['precision'];
  readonly model: {
    readonly opset: number;
    readonly irVersion: number;
    readonly nodes: number;
    readonly parameters: number;
    readonly bytes: number;
    readonly operators: Readonly<Record<string, number>>;
    readonly inputs: readonly {
      readonly name: string;
      readonly type: string;
      readonly shape: readonly (number | string)[];
    }[];
    readonly outputs: readonly {
      readonly name: string;
      readonly type: string;
      readonly shape: readonly (number | string)[];
    }[];
  };
  readonly warnings: readonly string[];
  /** Absent where nothing was checked. Its `reference` says what was compared with: TensorFlow.js, or the graph before optimisation. */
  readonly parity?: ParityReport;
}

/**
 * Converts a saved model of TensorFlow.js (model.json, of layers or a graph) or of Keras (.keras, .h5) to an ONNX file. Nothing
 * is written unless the structure is sound, onnxruntime opens the file, and its outputs agree with TensorFlow.js, or, for files
 * of Keras 3, which that cannot run, with the graph before optimisation.
 *
 * @param target name of the .onnx file; its folder is made
 * @returns what the file holds, and how far it is from TensorFlow.js
 * @throws UsageError where options do not go together or a file is in the way; FormatError where `source` is none of these;
 *   UnsupportedLayerError for a layer without a converter; JepaError where the outputs do not agree
 */
export async function convertModel(
  source: string,
  target: string,
  options: ConvertOptions = {},
): Promise<ConversionReport> {
  const plan = planOf(target, options);
  options.signal?.throwIfAborted();
  const opened = await readSource(source, plan.exportOptions);
  try {
    return await convertSource(opened, plan, options.onNote ?? (() => {}));
  } finally {
    opened.dispose();
  }
}

/** @throws UsageError where the options do not go together */
function planOf(target: string, options: ConvertOptions): ConversionPlan {
  const {
    dynamic,
    fixed = {},
    precision = 'fp32',
    calibration,
    weightBits = 8,
    keepFloat32Ports = false,
    check = true,
    testData = true,
    runtime = 'cpu',
    seed = 0,
    force = false,
    onNote: _,
    signal,
    ...exportOptions
  } = options;
  if (precision === 'int8' && calibration === undefined)
    throw new UsageError(`${option('precision', 'int8')}: expected ${option('calibration')}, got none`, {
      remedy: `Give samples of the inputs: ${option('calibration', 'samples.npz')}`,
    });
  if (precision !== 'int8' && calibration !== undefined)
    throw new UsageError(
      `${option('calibration')}: expected ${option('precision', 'int8')} beside it, got ${precision}`,
    );
  if (!/\.onnx$/i.test(target)) throw new UsageError(`convert: expected the name of an .onnx file, got "${target}"`);
  return {
    target,
    exportOptions: { ...exportOptions, axisSizes: fixed, dynamicBatch: dynamic?.includes('batch') ?? false },
    dynamicAxes: dynamic,
    precision,
    calibration,
    weightBits,
    keepFloat32Ports,
    isChecked: check,
    writesTestData: check && testData,
    runtime,
    seed,
    replaces: force,
    signal,
  };
}

async function convertSource(
  source: ConversionSource,
  plan: ConversionPlan,
  note: (line: string) => void,
): Promise<ConversionReport> {
  const { target } = plan;
  const testFolder = testDataPath(target);
  const warnings: string[] = [];
  const warn = (message: string): void => {
    if (warnings.includes(message)) return;
    warnings.push(message);
    note(`warning: ${message}`);
  };
  const { description } = source;
  const options: ExportOptions = {
    ...plan.exportOptions,
    producer: { name: 'jepa-onnx', version: packageVersion() },
    warn,
  };
  const { signal } = plan;
  const float = buildOnnx(description, options);
  signal?.throwIfAborted();
  expectReadWeights(source, source.where, warn);
  expectAxes(float, plan);
  const runtime = plan.isChecked || plan.precision === 'int8' ? await openRuntime(plan.runtime, {}) : undefined;
  try {
    const model = await withPrecision(float, plan, runtime, warn);
    signal?.throwIfAborted();
    const files = modelFiles(target, model);
    if (!plan.replaces) expectAbsent([...files, ...(plan.writesTestData ? [testFolder, reportPath(target)] : [])]);
    checkModel(model, basename(target));
    makeFolder(dirname(target));
    const parity =
      plan.isChecked && runtime ? await checkedParity(model, source, options, plan, runtime, note) : undefined;
    signal?.throwIfAborted();
    writeModel(target, model);
    const report = reportOf(plan, model, warnings, parity?.report);
    if (plan.writesTestData) {
      rmSync(testFolder, { recursive: true, force: true });
      mkdirSync(testFolder);
      for (const { path, bytes } of parity?.testData ?? [])
        if (path.startsWith('test_data_set_0/')) writeFileAtomic(join(testFolder, basename(path)), bytes);
      writeFileAtomic(reportPath(target), formatJson(report));
    }
    return report;
  } finally {
    await runtime?.dispose();
  }
}

/** Named after the model, so that a folder can hold the test data of several. */
function testDataPath(target: string): string {
  return target.replace(/\.onnx$/i, '.test_data_set_0');
}

function reportPath(target: string): string {
  return target.replace(/\.onnx$/i, '.report.json');
}

function expectAbsent(paths: readonly string[]): void {
  const found = existing(paths);
  if (found !== undefined)
    throw new UsageError(`convert: expected ${found} not to be there, found it`, {
      remedy: `Choose another name, or ${option('force')} to replace it.`,
    });
}

/** Where some axes are named to stay dynamic, every other one must have a size. */
function expectAxes(model: OnnxModel, { dynamicAxes, exportOptions }: ConversionPlan): void {
  if (dynamicAxes === undefined) return;
  const batch = exportOptions.batchAxis ?? 'N';
  const named = dynamicAxes.map((name) => (name === 'batch' ? batch : name));
  const open = new Set(model.graph.inputs.flatMap((input) => input.shape.filter((size) => typeof size === 'string')));
  for (const name of named)
    if (!open.has(name))
      throw new UsageError(`${option('dynamic')}: expected dynamic axes among ${[...open].join(', ')}, got "${name}"`);
  for (const name of open)
    if (!named.includes(name))
      throw new UsageError(`${option('dynamic')}: expected a size for axis ${name}, got none`, {
        remedy: `Add ${option('fixed', `${name}=SIZE`)}, or name it in ${option('dynamic')}.`,
      });
}

async function withPrecision(
  model: OnnxModel,
  plan: ConversionPlan,
  runtime: Runtime | undefined,
  warn: (message: string) => void,
): Promise<OnnxModel> {
  if (plan.precision === 'fp16') return toFloat16(model, { keepPorts: plan.keepFloat32Ports, warn });
  if (plan.precision === 'fp32' || runtime === undefined || plan.calibration === undefined) return model;
  const { readSamples } = await import('../export/calibration.ts');
  const ranges = await calibrate(
    model,
    (bytes) => runtime.load(bytes),
    readSamples(plan.calibration, model.graph.inputs),
  );
  return toInt8(model, ranges, { weightBits: plan.weightBits });
}

function reportOf(
  plan: ConversionPlan,
  model: OnnxModel,
  warnings: readonly string[],
  parity: ParityReport | undefined,
): ConversionReport {
  const bytes = modelFiles(plan.target, model).reduce((sum, path) => sum + statSync(path).size, 0);
  const summary = inspectOnnx(readFileSync(plan.target), basename(plan.target));
  const port = ({ name, type, shape }: (typeof summary.inputs)[number]) => ({ name, type, shape });
  return {
    format: 1,
    file: plan.target,
    precision: plan.precision,
    model: {
      opset: model.opset,
      irVersion: model.irVersion,
      nodes: summary.nodes.length,
      parameters: summary.parameters,
      bytes,
      operators: summary.operators,
      inputs: summary.inputs.map(port),
      outputs: summary.outputs.map(port),
    },
    warnings,
    ...(parity ? { parity } : {}),
  };
}

// The work of `jepa convert`: read, convert, check, write.
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { existing, modelFiles, writeModel } from '../export/files.ts';
import {
  buildOnnx,
  calibrate,
  checkModel,
  type ExportOptions,
  encodeModel,
  measureParity,
  type OnnxModel,
  type Parity,
  type ParityReport,
  parityTolerance,
  type Reference,
  runnableBatches,
  sessionReference,
  toFloat16,
  toInt8,
  UnsupportedLayerError,
  unitOutputs,
} from '../export/index.ts';
import { inspectOnnx } from '../export/inspect.ts';
import { JepaError, UsageError } from '../src/error.ts';
import { packageVersion } from '../src/machine/package.ts';
import { openRuntime, type Runtime } from '../src/runtimes/index.ts';
import { writeFileAtomic } from '../src/storage/atomic-file.ts';
import { makeFolder } from '../src/storage/file-system.ts';
import { makeScratch, removeScratch } from '../src/storage/scratch.ts';
import { type ConversionSource, readSource } from './conversion-source.ts';

export interface ConversionPlan {
  readonly source: string;
  readonly target: string;
  readonly exportOptions: ExportOptions;
  /** Names of the axes that may stay dynamic (`batch` for the batch); undefined: all. */
  readonly dynamicAxes: readonly string[] | undefined;
  readonly precision: 'fp32' | 'fp16' | 'int8';
  readonly calibration: string | undefined;
  readonly weightBits: 7 | 8;
  readonly keepFloat32Ports: boolean;
  readonly isChecked: boolean;
  readonly writesTestData: boolean;
  readonly runtime: 'cpu' | 'wasm';
  readonly seed: number;
  readonly replaces: boolean;
}

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
  /** Absent with --no-check. Its `reference` says what was compared with: TensorFlow.js, or the graph before optimisation. */
  readonly parity?: ParityReport;
}

/** Errors, as a part of the output's scale, that are taken for agreement: rounding, not mistakes. */
const tolerances = { fp32: parityTolerance, fp16: 0.03, int8: 0.5 } as const;

/** @param note gets one line for a person at a time */
export async function convertModel(plan: ConversionPlan, note: (line: string) => void): Promise<ConversionReport> {
  const source = await readSource(plan.source, plan.exportOptions);
  try {
    return await convertSource(source, plan, note);
  } catch (error) {
    // The library's remedy speaks of its own functions.
    if (error instanceof UnsupportedLayerError && error.remedy?.includes('converters: {'))
      throw new UnsupportedLayerError(error.message, {
        remedy: 'Convert it by a module of your own: --converters my-layers.js (docs/export-adding-a-layer.md).',
        cause: error,
      });
    throw error;
  } finally {
    source.dispose();
  }
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
  const { description, unusedWeights } = source;
  const options: ExportOptions = {
    ...plan.exportOptions,
    producer: { name: 'jepa-onnx', version: packageVersion() },
    warn,
  };
  const float = buildOnnx(description, options);
  for (const name of unusedWeights()) warn(`weight "${name}" of the file belongs to no layer`);
  expectAxes(float, plan);
  const runtime = plan.isChecked || plan.precision === 'int8' ? await openRuntime(plan.runtime, {}) : undefined;
  try {
    const model = await withPrecision(float, plan, runtime, warn);
    const files = modelFiles(target, model);
    if (!plan.replaces) expectAbsent([...files, ...(plan.writesTestData ? [testFolder, reportPath(target)] : [])]);
    checkModel(model, basename(target));
    makeFolder(dirname(target));
    const parity =
      plan.isChecked && runtime ? await checkedParity(model, source, options, plan, runtime, note) : undefined;
    writeModel(target, model);
    const report = reportOf(plan, model, warnings, parity?.report);
    if (plan.writesTestData) {
      rmSync(testFolder, { recursive: true, force: true });
      mkdirSync(testFolder);
      for (const { path, bytes } of parity?.testData ?? [])
        if (path.startsWith('test_data_set_0/')) writeFileAtomic(join(testFolder, basename(path)), bytes);
      writeFileAtomic(reportPath(target), `${JSON.stringify(report, undefined, 2)}\n`);
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
      remedy: 'Choose another name, or --force to replace it.',
    });
}

/** With --dynamic, every axis that it does not name must have a size. */
function expectAxes(model: OnnxModel, { dynamicAxes, exportOptions }: ConversionPlan): void {
  if (dynamicAxes === undefined) return;
  const batch = exportOptions.batchAxis ?? 'N';
  const named = dynamicAxes.map((name) => (name === 'batch' ? batch : name));
  const open = new Set(model.graph.inputs.flatMap((input) => input.shape.filter((size) => typeof size === 'string')));
  for (const name of named)
    if (!open.has(name))
      throw new UsageError(`--dynamic: expected dynamic axes among ${[...open].join(', ')}, got "${name}"`);
  for (const name of open)
    if (!named.includes(name))
      throw new UsageError(`--dynamic: expected a size for axis ${name}, got none`, {
        remedy: `Add --fixed ${name}=SIZE, or name it in --dynamic.`,
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
  const { readSamples } = await import('./calibration.ts');
  const ranges = await calibrate(
    model,
    (bytes) => runtime.load(bytes),
    readSamples(plan.calibration, model.graph.inputs),
  );
  return toInt8(model, ranges, { weightBits: plan.weightBits });
}

/** A session on the file as it will be written, and the comparison with TensorFlow.js where that can run the model. */
async function checkedParity(
  model: OnnxModel,
  source: ConversionSource,
  options: ExportOptions,
  plan: ConversionPlan,
  runtime: Runtime,
  note: (line: string) => void,
): Promise<Parity | undefined> {
  const scratch = modelFiles(plan.target, model).length > 1 ? makeScratch('convert', dirname(plan.target)) : undefined;
  try {
    if (scratch) writeModel(join(scratch, basename(plan.target)), model);
    const session = await runtime.load(scratch ? join(scratch, basename(plan.target)) : encodeModel(model));
    try {
      const reference =
        (await openReference(source, options, note)) ?? (await openUnoptimised(source, options, runtime));
      try {
        const { description } = source;
        const isGraph = 'ends' in description && session.inputs.every(({ shape }) => typeof shape[0] === 'string');
        const batches = isGraph ? await runnableBatches(reference.run, description, options) : undefined;
        if (batches?.length === 1)
          note('warning: TensorFlow.js runs this graph at a batch of 1 only, and so does the file');
        const parity = await measureParity({
          session,
          runtime: runtime.describe(),
          reference: reference.run,
          ...(batches ? { batches } : {}),
          unitOutputs: unitOutputs(model),
          referenceName: reference.name,
          description: source.description,
          exportOptions: options,
          seed: plan.seed,
          tolerance: tolerances[plan.precision],
        });
        if (!parity.report.agrees) throw disagreement(plan, parity.report);
        return parity;
      } finally {
        await reference.dispose();
      }
    } finally {
      await session.dispose();
    }
  } finally {
    if (scratch) removeScratch(scratch);
  }
}

function disagreement(plan: ConversionPlan, report: ParityReport): JepaError {
  const worst = report.outputs.reduce((a, b) => (b.relativeError > a.relativeError ? b : a));
  const remedy =
    plan.precision === 'fp32'
      ? 'Report this model: the export is wrong, or the model too deep for the tolerance. --no-check writes it all the same.'
      : plan.precision !== 'int8'
        ? 'Choose a higher precision.'
        : plan.weightBits === 7
          ? 'Give the weights 8 bits (--weight-bits 8), choose --precision fp16, or calibrate on more and on real samples.'
          : 'Choose --precision fp16, calibrate on more and on real samples, or, on x86 without VNNI, try --weight-bits 7.';
  return new JepaError(
    `${basename(plan.target)}: expected "${worst.output}" within ${report.tolerance} of its scale of ${report.reference}, got ${worst.relativeError.toExponential(2)} at batch ${worst.batch}`,
    { remedy },
  );
}

interface OpenReference {
  readonly run: Reference;
  readonly name: string;
  dispose(): Promise<void>;
}

/** The model itself in TensorFlow.js: native where this machine has it. Undefined where TensorFlow.js refuses the model. */
async function openReference(
  source: ConversionSource,
  options: ExportOptions,
  note: (line: string) => void,
): Promise<OpenReference | undefined> {
  if (source.reference === undefined) {
    note(
      'note: a file of Keras 3, which TensorFlow.js cannot run: the file is compared with its own graph before optimisation, not with Keras',
    );
    return undefined;
  }
  const runtime = await openRuntime('tfjs', {});
  const { version, provider } = runtime.describe();
  try {
    const session = await runtime.load(source.reference);
    const dispose = async (): Promise<void> => {
      await session.dispose();
      await runtime.dispose();
    };
    return { run: sessionReference(session, source.description, options), name: `${version} (${provider})`, dispose };
  } catch (error) {
    note(
      `warning: not compared with TensorFlow.js, which cannot run this model (${error instanceof Error ? error.message.split('\n')[0] : String(error)}); compared with its own graph before optimisation`,
    );
    await runtime.dispose();
    return undefined;
  }
}

/**
 * The graph as the converters wrote it, in the same runtime: says whether the passes and the precision left the numbers as they
 * were, and nothing of what the layers mean.
 */
async function openUnoptimised(
  source: ConversionSource,
  options: ExportOptions,
  runtime: Runtime,
): Promise<OpenReference> {
  const plain = buildOnnx(source.description, { ...options, optimize: false, warn: () => {} });
  const folder = makeScratch('convert');
  try {
    const path = join(folder, 'plain.onnx');
    writeModel(path, plain);
    const session = await runtime.load(path);
    const run: Reference = async (inputs) => {
      const feeds = Object.fromEntries(session.inputs.map(({ name }, i) => [name, inputs[i]]));
      const results = await session.run(feeds);
      return session.outputs.map(({ name }) => results[name]);
    };
    return { run, name: 'its own graph before optimisation', dispose: () => session.dispose() };
  } finally {
    removeScratch(folder);
  }
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

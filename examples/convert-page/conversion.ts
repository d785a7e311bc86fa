// The page's work: a model of TensorFlow.js to the bytes of an ONNX file, and the check of `jepa convert`, both in the browser:
// the file in onnxruntime-web, the model in TensorFlow.js, on the same random inputs.
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-web/wasm';
import {
  buildOnnx,
  checkModel,
  describeModelFile,
  type ExportOptions,
  encodeModel,
  expectReadWeights,
  type ModelFile,
  measureParity,
  type ParityReport,
  type Reference,
  runnableBatches,
  sessionReference,
  tfjsReference,
  unitOutputs,
} from '../../export/index.ts';
import { FormatError } from '../../src/error.ts';
import { openGraphModel } from '../../src/runtimes/graph-model.ts';
import { openSession } from '../../src/runtimes/onnxruntime-session.ts';
import type { RuntimeSession } from '../../src/runtimes/runtime.ts';
import type { ModelSource } from './model-source.ts';

export interface Converted {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly nodes: number;
  readonly opset: number;
  readonly parity: ParityReport;
  /** Whether the file was compared with TensorFlow.js, or only with its own graph before optimisation. */
  readonly isCompared: boolean;
  readonly warnings: readonly string[];
}

/** Where onnxruntime-web's two files are, as absolute addresses. */
export interface RuntimeFiles {
  readonly mjs: string;
  readonly wasm: string;
}

export interface ConvertOptions {
  readonly exportOptions: ExportOptions;
  readonly runtimeFiles: RuntimeFiles;
  /** Hears what is being done. */
  readonly note: (line: string) => void;
}

/** @throws JepaError where the model cannot be converted, or onnxruntime cannot run the file */
export async function convert(source: ModelSource, options: ConvertOptions): Promise<Converted> {
  const { note } = options;
  const warnings: string[] = [];
  const warn = (message: string): void => {
    if (!warnings.includes(message)) warnings.push(message);
  };
  const exportOptions: ExportOptions = { ...options.exportOptions, warn };
  note('Converting');
  const readShard = (name: string): Uint8Array => {
    const bytes = source.weights.get(name.replace(/^\.\//, ''));
    if (bytes === undefined) throw new FormatError(`${source.name}: expected its weights in ${name}, found none`);
    return bytes;
  };
  const file = describeModelFile(source.json, readShard, source.name, exportOptions);
  const model = buildOnnx(file.description, exportOptions);
  expectReadWeights(file, source.name, warn);
  checkModel(model, `${source.name}.onnx`);
  const bytes = new Uint8Array(encodeModel(model));

  note('Checking');
  ort.env.wasm.wasmPaths = { ...options.runtimeFiles };
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'fatal';
  await tf.setBackend('cpu');
  const open = (content: Uint8Array): Promise<RuntimeSession> =>
    openSession(ort, content, { executionProviders: ['wasm'], logSeverityLevel: 4 }, `${source.name}.onnx`);
  const session = await open(bytes);
  try {
    const reference =
      (await openReference(source, file, exportOptions, warn)) ?? (await openUnoptimised(file, exportOptions, open));
    try {
      const { description } = file;
      const isGraph = 'ends' in description && session.inputs.every(({ shape }) => typeof shape[0] === 'string');
      const batches = isGraph ? await runnableBatches(reference.run, description, exportOptions) : undefined;
      if (batches?.length === 1) warn('TensorFlow.js runs this graph at a batch of 1 only, and so does the file');
      const { report } = await measureParity({
        session,
        runtime: {
          runtime: 'wasm',
          version: `onnxruntime-web ${ort.env.versions.web}`,
          provider: 'WebAssembly',
          threads: 1,
          precision: 'float32',
        },
        reference: reference.run,
        referenceName: reference.name,
        ...(batches ? { batches } : {}),
        unitOutputs: unitOutputs(model),
        description,
        exportOptions,
      });
      return {
        bytes,
        nodes: model.graph.nodes.length,
        opset: model.opset,
        parity: report,
        isCompared: reference.isTensorFlow,
        warnings,
      };
    } finally {
      await reference.dispose();
    }
  } finally {
    await session.dispose();
  }
}

interface OpenReference {
  readonly run: Reference;
  readonly name: string;
  readonly isTensorFlow: boolean;
  dispose(): Promise<void>;
}

/** The model in TensorFlow.js; undefined where that cannot run it, or means something else by it. */
async function openReference(
  source: ModelSource,
  file: ModelFile,
  options: ExportOptions,
  warn: (message: string) => void,
): Promise<OpenReference | undefined> {
  if (file.semantics === 'keras3') {
    warn('a file of Keras 3, which TensorFlow.js cannot run: compared with its own graph before optimisation');
    return undefined;
  }
  const name = `tfjs ${tf.version_core} ${tf.getBackend()}`;
  const { description } = file;
  try {
    const artifacts = artifactsOf(source);
    if ('ends' in description) {
      const session = await openGraphModel(tf, { where: source.name, artifacts, json: source.json });
      const run = sessionReference(session, description, options);
      return { run, name, isTensorFlow: true, dispose: () => session.dispose() };
    }
    const model = await tf.loadLayersModel({ load: async () => artifacts });
    const run = tfjsReference(tf, model, description, options);
    return { run, name, isTensorFlow: true, dispose: async () => void model.dispose() };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    warn(`TensorFlow.js cannot run this model (${reason}): compared with its own graph before optimisation`);
    return undefined;
  }
}

/** Says whether the passes left the numbers as they were, and nothing of what the layers mean. */
async function openUnoptimised(
  { description }: ModelFile,
  options: ExportOptions,
  open: (bytes: Uint8Array) => Promise<RuntimeSession>,
): Promise<OpenReference> {
  const session = await open(encodeModel(buildOnnx(description, { ...options, optimize: false, warn: () => {} })));
  const run: Reference = async (inputs) => {
    const results = await session.run(Object.fromEntries(session.inputs.map(({ name }, i) => [name, inputs[i]])));
    return session.outputs.map(({ name }) => results[name]);
  };
  return {
    run,
    name: 'its own graph before optimisation',
    isTensorFlow: false,
    dispose: () => session.dispose(),
  };
}

/** What TensorFlow.js' loaders take: the weights of all files one after the other. */
function artifactsOf({ json, weights }: ModelSource): tf.io.ModelArtifacts {
  const groups = Array.isArray(json.weightsManifest) ? json.weightsManifest : [];
  const shards = [...weights.values()];
  const whole = new Uint8Array(shards.reduce((sum, shard) => sum + shard.length, 0));
  let filled = 0;
  for (const shard of shards) {
    whole.set(shard, filled);
    filled += shard.length;
  }
  return {
    // The parser's boundary: TensorFlow.js checks the rest as it loads.
    modelTopology: json.modelTopology as tf.io.ModelArtifacts['modelTopology'],
    weightSpecs: groups.flatMap(({ weights: specs }) => specs) as tf.io.WeightsManifestEntry[],
    weightData: whole.buffer,
  };
}

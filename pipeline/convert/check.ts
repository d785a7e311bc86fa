// Whether a converted file computes what its model computes: in onnxruntime beside TensorFlow.js, or, where that cannot run the
// model, beside the graph before optimisation.
import { basename, dirname, join } from 'node:path';
import { modelFiles, writeModel } from '../../export/files.ts';
import {
  buildOnnx,
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
  unitOutputs,
} from '../../export/index.ts';
import { firstLineOf, JepaError, option } from '../../src/error.ts';
import { openRuntime, type Runtime } from '../../src/runtimes/index.ts';
import { makeScratch, removeScratch } from '../../src/storage/scratch.ts';
import type { ConversionPlan } from './plan.ts';
import type { ConversionSource } from './source.ts';

/** Errors, as a part of the output's scale, that are taken for agreement: rounding, not mistakes. */
const tolerances = { fp32: parityTolerance, fp16: 0.03, int8: 0.5 } as const;

/** A session on the file as it will be written, and the comparison with TensorFlow.js where that can run the model. */
export async function checkedParity(
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
      const compared = async (reference: OpenReference): Promise<Parity> => {
        try {
          const { description } = source;
          const isGraph = 'ends' in description && session.inputs.every(({ shape }) => typeof shape[0] === 'string');
          const batches = isGraph ? await runnableBatches(reference.run, description, options) : undefined;
          if (batches?.length === 1)
            note('warning: TensorFlow.js runs this graph at a batch of 1 only, and so does the file');
          return await measureParity({
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
        } finally {
          await reference.dispose();
        }
      };
      const reference = await openReference(source, options, note);
      const parity =
        (reference && (await compared(reference).catch((error: unknown) => noteRefusal(error, note)))) ??
        (await compared(await openUnoptimised(source, options, runtime)));
      if (!parity.report.agrees) throw disagreement(plan, parity.report);
      return parity;
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
      ? `Report this model: the export is wrong, or the model too deep for the tolerance. ${option('check', 'false')} writes it all the same.`
      : plan.precision !== 'int8'
        ? 'Choose a higher precision.'
        : plan.weightBits === 7
          ? `Give the weights 8 bits (${option('weightBits', '8')}), choose ${option('precision', 'fp16')}, or calibrate on more and on real samples.`
          : `Choose ${option('precision', 'fp16')}, calibrate on more and on real samples, or, on x86 without VNNI, try ${option('weightBits', '7')}.`;
  return new JepaError(
    `${basename(plan.target)}: expected "${worst.output}" within ${report.tolerance} of its scale of ${report.reference}, got ${worst.relativeError.toExponential(2)} at batch ${worst.batch}`,
    { remedy },
  );
}

/** TensorFlow.js loads some models that it cannot run, such as causal convolutions. */
class RefusedRunError extends JepaError {}

/** Undefined, once it is said why there is no comparison with TensorFlow.js. Whatever else went wrong is thrown. */
function noteRefusal(error: unknown, note: (line: string) => void): undefined {
  if (!(error instanceof RefusedRunError)) throw error;
  note(
    `warning: not compared with TensorFlow.js, which cannot run this model (${error.message}); compared with its own graph before optimisation`,
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
    const run = sessionReference(session, source.description, options);
    return { run: async (inputs) => run(inputs).catch(refuseRun), name: `${version} (${provider})`, dispose };
  } catch (error) {
    await runtime.dispose();
    return noteRefusal(new RefusedRunError(firstLineOf(error), { cause: error }), note);
  }
}

/** What is not ours to explain is TensorFlow.js' own. */
function refuseRun(error: unknown): never {
  if (error instanceof JepaError) throw error;
  throw new RefusedRunError(firstLineOf(error), { cause: error });
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

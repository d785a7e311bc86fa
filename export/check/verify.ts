// The gate that every exported file passes before it is written: structure, a session that opens, agreement with the model.
import type * as tf from '@tensorflow/tfjs';
import { JepaError } from '../../src/error.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';
import { describeModel } from '../model/live.ts';
import type { ExportOptions } from '../options.ts';
import { measureParity, type Parity, type ParityOptions } from './parity.ts';
import { type TensorFlow, tfjsReference } from './reference.ts';
import { checkOnnx } from './structure.ts';

/** The model, the runtime and the tolerance of a comparison of a file with TensorFlow.js. */
export interface VerifyOptions extends Pick<ParityOptions, 'seed' | 'tolerance' | 'batches' | 'inputs'> {
  readonly tensorflow: TensorFlow;
  readonly model: tf.LayersModel;
  /** The options that the file was exported with. */
  readonly exportOptions: ExportOptions;
  /** What runs the file: onnxruntime-node or -web. */
  readonly runtime: Runtime;
  /** What the file is, for error messages: `encoder.onnx`. */
  readonly where: string;
}

/**
 * Structure, session, parity.
 * @returns the numbers and the test data to store beside the file
 * @throws JepaError at the first of the three that fails; nothing may be written then
 */
export async function verifyExport(bytes: Uint8Array, options: VerifyOptions): Promise<Parity> {
  const { tensorflow, model, exportOptions, runtime, where } = options;
  checkOnnx(bytes, where);
  const description = describeModel(model);
  const session = await runtime.load(bytes);
  try {
    const parity = await measureParity({
      ...options,
      session,
      runtime: runtime.describe(),
      description,
      reference: tfjsReference(tensorflow, model, description, exportOptions),
      referenceName: `tfjs ${tensorflow.version_core} ${tensorflow.getBackend()}`,
    });
    expectAgreement(parity, where);
    return parity;
  } finally {
    await session.dispose();
  }
}

export function expectAgreement({ report }: Parity, where: string): void {
  if (report.agrees) return;
  const worst = report.outputs.reduce((a, b) => (b.relativeError > a.relativeError ? b : a));
  throw new JepaError(
    `${where}: expected "${worst.output}" within ${report.tolerance} of its scale ${worst.scale.toPrecision(4)} of ${report.reference}, got an error of ${worst.maxAbsError.toPrecision(4)} at batch ${worst.batch}`,
    { remedy: 'Report this model: the export is wrong or the tolerance too tight for its depth.' },
  );
}

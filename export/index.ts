// Any TensorFlow.js model, of layers or a graph, to ONNX, through protobufjs alone. Runs in Node and in a browser.
import type * as tf from '@tensorflow/tfjs';
import { buildOnnx } from './build.ts';
import { encodeModel } from './graph/serialize.ts';
import { describeModel, readWeights } from './model/live.ts';
import type { ExportOptions } from './options.ts';
import { describeGraphArtifacts } from './tensorflow/index.ts';

export { buildOnnx } from './build.ts';

/**
 * Exports a live model.
 * @returns the bytes of an ONNX file; the same weights and options give the same bytes
 * @throws UnsupportedLayerError naming the layer that cannot be exported and what to do
 * @throws UsageError where an option is unknown or out of range
 */
export function exportOnnx(model: tf.LayersModel, options: ExportOptions = {}): Uint8Array {
  return encodeModel(buildOnnx(describeModel(model), options));
}

/** The same for backends that only read asynchronously (WebGPU): the weights are awaited first. */
export async function exportOnnxAsync(model: tf.LayersModel, options: ExportOptions = {}): Promise<Uint8Array> {
  const weights = await readWeights(model);
  return encodeModel(buildOnnx(describeModel(model, weights), options));
}

/**
 * Exports a graph model (`tf.loadGraphModel`) from what TensorFlow.js' IO handlers load: `await tf.io.http(url).load()`.
 * @returns the bytes of an ONNX file; the same model and options give the same bytes
 * @throws UnsupportedLayerError that lists every operation that cannot be exported, with the nodes that hold it
 * @throws FormatError where the artifacts are no graph model
 * @throws UsageError where an option is unknown or out of range
 */
export function exportOnnxFromGraph(artifacts: tf.io.ModelArtifacts, options: ExportOptions = {}): Uint8Array {
  return encodeModel(buildOnnx(describeGraphArtifacts(artifacts, 'graph model', options.inputShapes), options));
}

export { measureParity, type OutputParity, type Parity, type ParityReport, parityTolerance } from './check/parity.ts';
export { type Reference, runnableBatches, sessionReference, tfjsReference } from './check/reference.ts';
export { checkModel, checkOnnx } from './check/structure.ts';
export { decodeTensor, encodeTensor, type TestDataFile, testDataFiles } from './check/test-data.ts';
export { unitOutputs } from './check/unit.ts';
export { type VerifyOptions, verifyExport } from './check/verify.ts';
export type { OnnxModel, Port } from './graph/graph.ts';
export { decodeModel, encodeModel } from './graph/serialize.ts';
export type { ActivationConverter } from './layers/activation.ts';
export { type LayerContext, type LayerConverter, UnsupportedLayerError } from './layers/converter.ts';
export type { ModelDescription } from './model/description.ts';
export { describeModelFile, expectReadWeights, type ModelFile } from './model/file.ts';
export { describeModel, readWeights } from './model/live.ts';
export { describeSaved, type SavedModel } from './model/saved.ts';
export { defaultOpset, type ExportOptions, type ImageLayout, type PixelType } from './options.ts';
export { calibrate, type OpenSession } from './precision/calibrate.ts';
export { type Float16Options, toFloat16 } from './precision/float16.ts';
export { type CalibrationMethod, calibrationMethods, type Histogram, rangeOf } from './precision/histogram.ts';
export { type Int8Options, quantizedValues, toInt8 } from './precision/int8.ts';
export { observeValues } from './precision/observe.ts';
export { prepareForQuantization } from './precision/prepare.ts';
export { isCalibrated, type QuantizeOptions, quantizeModel } from './precision/quantize.ts';
export type { Range } from './precision/scheme.ts';
export { calibratedValues, type Level, quantizableUnits, type Unit } from './precision/unit.ts';
export {
  type ExactInput,
  type Hypotheses,
  openRounding,
  type RoundingEvaluation,
  type RoundingModel,
  type RoundingOptions,
} from './rounding/index.ts';
export { type ExportTarget, exportTarget, exportTargets } from './targets.ts';
export {
  describeGraphArtifacts,
  describeGraphModel,
  type GraphModel,
  isGraphModel,
} from './tensorflow/index.ts';

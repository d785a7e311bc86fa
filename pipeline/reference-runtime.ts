// Which runtime stands for the others where nobody says: one order, tried from the front, for evaluation, verification and
// the networks that only an evaluation needs.
import { findPackage, onnxruntimeNodePackage } from '../src/machine/optional-package.ts';
import { findNatives } from '../src/tensorflow/native/find.ts';

/** tfjs where the run has its models and native TensorFlow is set up (in JavaScript it takes minutes), the CPU, WebAssembly. */
export function referenceOrder(hasTfjsModels: boolean): readonly string[] {
  const tfjs = hasTfjsModels && findNatives().length > 0 ? ['tfjs'] : [];
  const cpu = findPackage(onnxruntimeNodePackage) === undefined ? [] : ['cpu'];
  return [...tfjs, ...cpu, 'wasm'];
}

/** What the runtimes of an evaluation are compared with: tfjs where it is among them, else the first of the order; where the
 * order has nothing better than WebAssembly, the first runtime itself. */
export function referenceRuntime(hasTfjsModels: boolean, runtimes: readonly string[]): string {
  if (hasTfjsModels && runtimes.includes('tfjs')) return 'tfjs';
  const [first] = referenceOrder(hasTfjsModels);
  return first === 'wasm' ? runtimes[0] : first;
}

/** The first that reads ONNX files: for networks that only an evaluation needs. */
export function onnxRuntime(): string {
  return referenceOrder(false)[0];
}

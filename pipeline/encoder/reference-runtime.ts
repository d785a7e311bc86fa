// Which runtime stands for the others where nobody says: one order, tried from the front, for evaluation, verification and
// the networks that only an evaluation needs. A runtime that is installed and does not load is passed over, with its reason.
import type { RuntimeOptions } from '../../src/runtimes/index.ts';
import { firstLoadable } from '../../src/runtimes/loadable.ts';
import { findNatives } from '../../src/tensorflow/native/find.ts';

/** tfjs where the run has its models and native TensorFlow is set up (in JavaScript it takes minutes), the CPU, WebAssembly. */
export function referenceOrder(hasTfjsModels: boolean): readonly string[] {
  return [...(hasTfjsModels && findNatives().length > 0 ? ['tfjs'] : []), 'cpu', 'wasm'];
}

/**
 * What the runtimes of an evaluation are compared with: tfjs where it is among them, else the first of the order that loads;
 * where nothing of it does, the first runtime itself. The record says which it was.
 */
export async function referenceRuntime(
  hasTfjsModels: boolean,
  runtimes: readonly string[],
  { onNote, ...options }: RuntimeOptions & { readonly onNote?: ((note: string) => void) | undefined } = {},
): Promise<string> {
  if (hasTfjsModels && runtimes.includes('tfjs')) return 'tfjs';
  const [first, ...others] = referenceOrder(hasTfjsModels).filter((name) => name !== 'wasm');
  return firstLoadable([first, ...others, runtimes[0]], (fault) => onNote?.(`not the reference: ${fault}`), options);
}

/** The first that reads ONNX files and loads: for networks that only an evaluation needs. */
export function onnxRuntime(): Promise<string> {
  return firstLoadable(['cpu', 'wasm']);
}

// Before any test file: native TensorFlow, once. Where it is ready this costs a few stats; elsewhere it is set up here, in
// one process, instead of in every test file that loads it. A failure is told and left to the tests that need TensorFlow.
import { describeError, UnavailableError } from '../../src/error.ts';
import { findPackage, tfjsNodePackage } from '../../src/machine/optional-package.ts';
import { findNatives } from '../../src/tensorflow/native/find.ts';
import { ensureNativeTensorFlow } from '../../src/tensorflow/native/setup.ts';

export async function setup(): Promise<void> {
  if (findPackage(tfjsNodePackage) !== undefined && findNatives().length > 0) return;
  let last = '';
  try {
    await ensureNativeTensorFlow({
      onSetup({ message }) {
        if (message !== last) process.stderr.write(`${message}\n`);
        last = message;
      },
    });
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    process.stderr.write(`${describeError(error)}\n`);
  }
}

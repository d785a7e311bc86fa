// Calibrates an untrained encoder on a runtime that is opened for it by its name.
import type * as tf from '@tensorflow/tfjs';
import { openRuntime } from '../../src/runtimes/index.ts';
import { type Calibration, calibrateBatchNorm } from './observation.ts';

/** `calibrateBatchNorm` on the runtime of this name. */
export async function calibrateOnRuntime(
  encoder: tf.LayersModel,
  { runtime: name, ...calibration }: Omit<Calibration, 'runtime'> & { readonly runtime: string },
): Promise<void> {
  const runtime = await openRuntime(name);
  try {
    await calibrateBatchNorm(encoder, { ...calibration, runtime });
  } finally {
    await runtime.dispose();
  }
}

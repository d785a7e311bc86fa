// What only a training step holds: gradients that TensorFlow has as operations of their own and ONNX composes out of others, and Adam.
// Each computes what TensorFlow's kernel computes (tensorflow/core/kernels, CPU) up to rounding.
import type { Operation } from '../operation.ts';
import { activationGradients } from './activation-gradient.ts';
import { convolutionGradients } from './convolution-gradient.ts';
import { optimizers } from './optimizer.ts';
import { poolingGradients } from './pooling-gradient.ts';
import { sliceGradients } from './slice-gradient.ts';
import { normalizationGradients } from './training-normalization.ts';

export const gradients = {
  ...convolutionGradients,
  ...activationGradients,
  ...normalizationGradients,
  ...poolingGradients,
  ...sliceGradients,
  ...optimizers,
} as const satisfies Record<string, Operation>;

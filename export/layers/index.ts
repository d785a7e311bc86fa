// Every layer class that has a converter, by class name.

import { advancedActivations } from './advanced-activation.ts';
import type { LayerConverter } from './converter.ts';
import { convolutions } from './convolution.ts';
import { core } from './core.ts';
import { merge } from './merge.ts';
import { normalization } from './normalization.ts';
import { pooling } from './pooling.ts';

export const converters: Readonly<Record<string, LayerConverter>> = {
  ...core,
  ...advancedActivations,
  ...convolutions,
  ...pooling,
  ...normalization,
  ...merge,
};

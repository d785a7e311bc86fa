// The predictor and the auxiliary head of a run as tfjs models, whose weights bound their Lipschitz constants.

import type { EvaluationSubject } from '../../run/subject.ts';
import { readLayersModel } from '../../runtimes/layers-model.ts';
import type { BoundedNetworks } from './bound.ts';

/** Whoever calls this disposes the models. Undefined in an export by itself, and in a run that was not finished. */
export async function loadBoundedNetworks({ tfjs }: EvaluationSubject): Promise<BoundedNetworks | undefined> {
  if (tfjs?.auxiliary === undefined) return undefined;
  const tensorflow = await import('@tensorflow/tfjs');
  const load = (path: string) => {
    const { artifacts } = readLayersModel(path);
    return tensorflow.loadLayersModel({ load: async () => artifacts });
  };
  return { predictor: await load(tfjs.predictor.path), auxiliary: await load(tfjs.auxiliary.path) };
}

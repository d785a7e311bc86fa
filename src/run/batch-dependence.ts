// Whether the latent of an observation depends on what else is in its batch. It must not: the norms of a network that was exported
// as in training do that, and then what is measured of one batch says nothing of another.
import type { Latents } from '../measures/latents.ts';
import { meanPairDistance, squaredDistance } from '../measures/pair-distance.ts';
import type { Observations } from './encode.ts';

/** Observations that are encoded together: more are not looked at. */
export const TOGETHER = 64;
/** Of these, so many again, each by itself. */
const ALONE = 4;
/** Of the mean distance between latents. A scale of 8 bits that is taken of the whole batch moves less. */
const NOTED_SHARE = 0.02;
/** Of the largest length of a latent: below, it may be rounding of latents that lie far from 0. */
const ROUNDING_SHARE = 1e-3;

/**
 * In one line how far latents move when their observations are encoded by themselves; undefined where they hardly do, or nothing
 * can be told.
 * @param where the encoder, as messages call it
 * @param encode [N, ...] -> [N, D], N of any number
 * @param rowSize numbers of an observation
 */
export async function batchDependenceNote(
  where: string,
  encode: (observations: Observations) => Promise<Latents>,
  observations: Observations,
  rowSize: number,
): Promise<string | undefined> {
  const count = Math.min(TOGETHER, Math.floor(observations.length / rowSize));
  if (count < 2) return undefined;
  const together = await encode(observations.subarray(0, count * rowSize));
  const spread = meanPairDistance(together);
  let moved = 0;
  let length = 0;
  for (let n = 0; n < Math.min(ALONE, count); n++) {
    const { values } = await encode(observations.subarray(n * rowSize, (n + 1) * rowSize));
    const offset = n * together.size;
    moved = Math.max(moved, Math.sqrt(squaredDistance(values, 0, together.values, offset, together.size)));
    const beside = together.values.subarray(offset, offset + together.size);
    length = Math.max(length, Math.sqrt(beside.reduce((sum, value) => sum + value * value, 0)));
  }
  if (!(moved > NOTED_SHARE * spread) || moved <= ROUNDING_SHARE * length) return undefined;
  const percent = spread > 0 ? `${Math.round((100 * moved) / spread)}% of the mean distance between latents` : 'apart';
  return (
    `${where}: the latent of an observation moves by up to ${percent} when it is encoded by itself and not beside ${count - 1} others: ` +
    'was the encoder exported as in training, with norms over the batch (PyTorch: call model.eval() before torch.onnx.export)? What is measured holds for such batches alone'
  );
}

// A pool whose images have another size, so that frames of a window do not fill the disk.
import { resizeImages } from '../data/image/image.ts';
import { option, UsageError } from '../error.ts';
import { elementCount } from '../shape.ts';
import type { SimulatorPool, Situation } from './pool.ts';

/** @throws UsageError where observations are no images */
export function resizedPool(pool: SimulatorPool, imageSize: readonly [height: number, width: number]): SimulatorPool {
  const { observation } = pool;
  if (observation.kind === 'vector')
    throw new UsageError(
      `${pool.name}: expected images to bring to ${imageSize.join('x')}, got vectors of ${observation.size} numbers`,
      { remedy: `Drop ${option('imageSize')}.` },
    );
  const before = elementCount(observation.shape);
  const shape = [...imageSize, observation.shape[2]] as const;
  const after = elementCount(shape);
  const resize = <T extends Situation>(situation: T): T => {
    const seen = situation.observation;
    if (seen instanceof Uint8Array)
      return { ...situation, observation: resizeImages(seen, observation.shape, imageSize) };
    const packed = new Float32Array(after + seen.length - before);
    packed.set(resizeImages(Uint8Array.from(seen.subarray(0, before)), observation.shape, imageSize));
    packed.set(seen.subarray(before), after);
    return { ...situation, observation: packed };
  };
  return {
    ...pool,
    observation: { ...observation, shape },
    reset: async (lanes, seeds) => (await pool.reset(lanes, seeds)).map(resize),
    step: async (lanes, actions) => (await pool.step(lanes, actions)).map(resize),
    branching: pool.branching && {
      ...pool.branching,
      branch: async (...chosen) => (await pool.branching?.branch(...chosen))?.map(resize) ?? [],
    },
  };
}

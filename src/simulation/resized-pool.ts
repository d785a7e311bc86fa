// A pool whose images have another size, so that frames of a window do not fill the disk.
import { resizeImages } from '../data/image/image.ts';
import { UsageError } from '../error.ts';
import type { SimulatorPool, Situation } from './pool.ts';

/** @throws UsageError where observations are no images */
export function resizedPool(pool: SimulatorPool, imageSize: readonly [height: number, width: number]): SimulatorPool {
  const { observation } = pool;
  if (observation.kind !== 'image')
    throw new UsageError(
      `${pool.name}: expected images to bring to ${imageSize.join('x')}, got vectors of ${observation.size} numbers`,
      { remedy: 'Drop --image-size.' },
    );
  const resize = <T extends Situation>(situation: T): T => {
    const pixels = situation.observation;
    if (!(pixels instanceof Uint8Array)) return situation;
    return { ...situation, observation: resizeImages(pixels, observation.shape, imageSize) };
  };
  return {
    ...pool,
    observation: { kind: 'image', shape: [...imageSize, observation.shape[2]] },
    reset: async (lanes, seeds) => (await pool.reset(lanes, seeds)).map(resize),
    step: async (lanes, actions) => (await pool.step(lanes, actions)).map(resize),
    branching: pool.branching && {
      ...pool.branching,
      branch: async (...chosen) => (await pool.branching?.branch(...chosen))?.map(resize) ?? [],
    },
  };
}

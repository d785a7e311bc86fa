// A policy in an ONNX file: an observation in, an action out. Letters: H W C image, D numbers of a vector, K choices, A numbers of
// an action.
import { FormatError, UnavailableError } from '../error.ts';
import { openRuntime, type RuntimeSession } from '../runtimes/index.ts';
import { elementCount } from '../shape.ts';
import { checkAction, type PolicyOpener } from '../simulation/policy.ts';
import type { ObservationSpace } from '../simulation/simulator.ts';
import { encodeObservations, type ObservationInput } from './encode.ts';

/**
 * Images are taken as [1, H, W, C] or [1, C, H, W], uint8 or float32 in 0..1; numbers as [1, D] float32; both as two inputs. The
 * first output is [1, K] float32 scores, of which the largest is taken, or [1, A] numbers, which are put within their bounds.
 * @throws FormatError where the file takes or gives something else
 */
export function onnxPolicy(path: string): PolicyOpener {
  return async ({ observation, action }) => {
    const where = `policy ${path}`;
    const runtime = await openRuntime('cpu').catch((error: unknown) => {
      if (error instanceof UnavailableError) return openRuntime('wasm');
      throw error;
    });
    try {
      const session = await runtime.load(path);
      const input = inputOf(where, session, observation);
      const shape = shapeOf(observation);
      const expected = action.kind === 'discrete' ? action.names.length : action.low.length;
      return {
        name: path,
        startEpisode: (episode) => {
          let step = 0;
          return async ({ observation: seen }) => {
            const at = `${where}: episode ${episode} step ${step++}`;
            const { values } = await encodeObservations(session, seen, shape, input);
            if (values.length !== expected)
              throw new FormatError(
                `${at}: expected [1, ${expected}] ${action.kind === 'discrete' ? 'scores' : 'numbers'}, got ${values.length} numbers`,
              );
            if (action.kind === 'discrete') return values.indexOf(Math.max(...values));
            const within = [...values].map((value, i) => Math.min(action.high[i], Math.max(action.low[i], value)));
            return checkAction(at, action, within);
          };
        },
        async dispose() {
          await session.dispose();
          await runtime.dispose();
        },
      };
    } catch (error) {
      await runtime.dispose();
      throw error;
    }
  };
}

function shapeOf(space: ObservationSpace): readonly number[] {
  if (space.kind === 'vector') return [space.size];
  return space.kind === 'image' ? space.shape : [elementCount(space.shape) + space.size];
}

function inputOf(where: string, { inputs }: RuntimeSession, space: ObservationSpace): ObservationInput {
  const [vector] = inputs.filter(({ shape }) => shape.length === 2);
  const [image] = inputs.filter(({ shape }) => shape.length === 4);
  const isMissing = (space.kind !== 'image' && !vector) || (space.kind !== 'vector' && !image);
  const wanted = space.kind === 'image-and-vector' ? 2 : 1;
  if (isMissing || inputs.length !== wanted)
    throw new FormatError(
      `${where}: expected ${space.kind === 'image-and-vector' ? 'an image and numbers' : space.kind === 'image' ? 'an image' : 'numbers'} as ${wanted === 1 ? 'the one input' : 'two inputs'}, got ${inputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ')}`,
    );
  if (space.kind === 'vector') return { name: vector.name, layout: 'flat', type: 'float32' };
  const isLast = image.shape[3] === space.shape[2] || image.shape[1] !== space.shape[2];
  const type = image.type === 'uint8' ? 'uint8' : 'float32';
  return {
    name: image.name,
    layout: isLast ? 'nhwc' : 'nchw',
    type,
    ...(space.kind === 'image' ? {} : { vector: vector.name }),
  };
}

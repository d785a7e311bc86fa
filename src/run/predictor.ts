// A predictor from anywhere behind any runtime: (latent, action) -> next latent, in whatever types and batches its file takes.
// Letters: N rows, D latent size, A numbers of an action as recorded, B rows that the file takes at once.
import { FormatError } from '../error.ts';
import type { Latents } from '../measures/latents.ts';
import type { RuntimeSession, RuntimeTensor } from '../runtimes/runtime.ts';
import { type ConstantPort, constantFeeds, typed } from './input.ts';
import { floatsOf } from './latent.ts';

/** Rows of one run, where the file takes any number. */
const BATCH = 1024;

/** How one recorded column of actions is fed: as its numbers, or as one of `choices`. */
export interface ActionPart {
  readonly column: string;
  /** Numbers as recorded. */
  readonly size: number;
  /** One-hot of so many; absent: numbers as they are. */
  readonly choices?: number | undefined;
}

/** How a predictor's file is fed, and what it gives. */
export interface PredictorPorts {
  readonly latent: { readonly name: string; readonly type: 'float32' | 'float16' };
  readonly action: {
    readonly name: string;
    readonly type: 'float32' | 'float16' | 'int32' | 'int64';
    /** Axes after the first: none for one number. */
    readonly axes: 0 | 1;
    readonly parts: readonly ActionPart[];
  };
  /** Inputs that take the same numbers always. */
  readonly constants: readonly ConstantPort[];
  readonly output: string;
  /** difference: the output is what is added to the latent. */
  readonly gives: 'next' | 'difference';
  /** B; undefined: any number. */
  readonly batchSize?: number | undefined;
}

/**
 * The next latents, [N, D].
 * @param where the file, for messages
 * @param actions [N, A] as recorded
 * @throws FormatError where an action is none of the choices, or the output is not a finite vector a row
 */
export async function predictLatents(
  where: string,
  session: RuntimeSession,
  ports: PredictorPorts,
  { values, count, size }: Latents,
  actions: Float32Array,
): Promise<Float32Array> {
  const next = new Float32Array(count * size);
  const actionSize = count === 0 ? 0 : actions.length / count;
  const most = ports.batchSize ?? BATCH;
  const fill = constantFeeds(session.inputs, ports.constants);
  for (let start = 0; start < count; start += most) {
    const rows = Math.min(most, count - start);
    const fed = ports.batchSize ?? rows;
    const latents = padded(values.subarray(start * size, (start + rows) * size), fed * size);
    const own = actions.subarray(start * actionSize, (start + rows) * actionSize);
    const coded = encodeActions(where, own, rows, ports.action.parts);
    const width = coded.length / rows;
    const { [ports.output]: output } = await session.run(
      fill(
        {
          [ports.latent.name]: { ...typed(latents, ports.latent.type), shape: [fed, size] },
          [ports.action.name]: {
            ...typed(padded(coded, fed * width), ports.action.type),
            shape: ports.action.axes === 0 ? [fed] : [fed, width],
          },
        },
        fed,
      ),
    );
    next.set(numbersOf(where, output, [fed, size]).subarray(0, rows * size), start * size);
  }
  const odd = next.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) throw new FormatError(`${where}: expected finite numbers of the predictor, got ${next[odd]}`);
  if (ports.gives === 'difference') for (let i = 0; i < next.length; i++) next[i] += values[i];
  return next;
}

/** [N, sum of sizes or choices]: choices as one-hot. @param actions [N, A] */
export function encodeActions(
  where: string,
  actions: Float32Array,
  count: number,
  parts: readonly ActionPart[],
): Float32Array {
  const width = parts.reduce((sum, { size, choices }) => sum + (choices ?? size), 0);
  const actionSize = parts.reduce((sum, { size }) => sum + size, 0);
  const coded = new Float32Array(count * width);
  for (let n = 0; n < count; n++) {
    let [from, to] = [n * actionSize, n * width];
    for (const { column, size, choices } of parts) {
      if (choices === undefined) coded.set(actions.subarray(from, from + size), to);
      else {
        const chosen = actions[from];
        if (!Number.isInteger(chosen) || chosen < 0 || chosen >= choices)
          throw new FormatError(
            `${where}: expected ${column} among its ${choices} actions, 0 to ${choices - 1}, got ${chosen}`,
          );
        coded[to + chosen] = 1;
      }
      from += size;
      to += choices ?? size;
    }
  }
  return coded;
}

function padded(values: Float32Array, length: number): Float32Array {
  if (values.length === length) return Float32Array.from(values);
  const longer = new Float32Array(length);
  longer.set(values);
  return longer;
}

function numbersOf(where: string, output: RuntimeTensor, [rows, size]: readonly [number, number]): Float32Array {
  const { shape } = output;
  if (shape.length !== 2 || shape[0] !== rows || shape[1] !== size)
    throw new FormatError(`${where}: expected next latents [${rows}, ${size}], got [${shape.join(', ')}]`);
  return floatsOf(where, 'next latents', output);
}

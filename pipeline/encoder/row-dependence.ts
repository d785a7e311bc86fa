// Whether the latents of a recording's rows depend on what else is in their batch, by the first of them.
import type { ObservationRows } from '../../src/data/observation-rows.ts';
import { batchDependenceNote, TOGETHER } from '../../src/run/batch-dependence.ts';
import { encodeObservations, type ObservationInput, type Observations } from '../../src/run/encode.ts';
import type { RuntimeSession } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';

/** What `batchDependenceNote` says of the first rows. @param where the encoder, as messages call it */
export async function rowDependenceNote(
  where: string,
  rows: ObservationRows,
  session: RuntimeSession,
  input: ObservationInput,
): Promise<string | undefined> {
  const encode = (observations: Observations) => encodeObservations(session, observations, rows.shape, input);
  return batchDependenceNote(
    where,
    encode,
    await rows.read(0, Math.min(rows.count, TOGETHER)),
    elementCount(rows.shape),
  );
}

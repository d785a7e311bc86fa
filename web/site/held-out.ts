// Held-out observations of a recording as files of the site, in the form that the page reads.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedClasses } from '../../src/evaluation/class/bisimulation.ts';
import type { EvaluationSource } from '../../src/evaluation/held-out/held-out.ts';
import type { EvaluationSubject } from '../../src/run/subject.ts';
import { elementCount } from '../../src/shape.ts';
import { makeScratch, removeScratch } from '../../src/storage/scratch.ts';
import { observationParts, writeObservations } from '../../src/verification/held-out-files.ts';
import { HELD_OUT_BYTES_NAME, HELD_OUT_NAME, type HeldOutDescription, heldOutSchema } from '../held-out-format.ts';

/** Judged observations at most, as the page measures by itself. */
const MAXIMAL_OBSERVATIONS = 1024;
/** Bytes of all observations at most: a phone fetches them. */
const MAXIMAL_BYTES = 24 * 2 ** 20;

/** How many judged observations the page is given of observations with these parts, at most. */
export function heldOutCount(subject: EvaluationSubject): number {
  const parts = observationParts(subject, []);
  const rowBytes = parts.reduce((sum, shape) => sum + elementCount(shape) * (shape.length === 1 ? 4 : 1), 0);
  return Math.max(2, Math.min(MAXIMAL_OBSERVATIONS, Math.floor(MAXIMAL_BYTES / (2 * rowBytes))));
}

/** The two files by their names. */
export async function heldOutFiles(
  subject: EvaluationSubject,
  { source, classes }: { readonly source: EvaluationSource; readonly classes: NamedClasses },
): Promise<ReadonlyMap<string, Uint8Array>> {
  const { judged, centroids } = await source.draw(heldOutCount(subject), 0);
  const parts = observationParts(subject, source.observationShape);
  const [first] = parts;
  const isVector = first.length === 1;
  const folder = makeScratch('held-out');
  try {
    const path = join(folder, HELD_OUT_BYTES_NAME);
    writeObservations(
      path,
      { judged, centroids },
      {
        parts,
        input: {
          name: 'observation',
          layout: isVector ? 'flat' : 'nhwc',
          type: isVector ? 'float32' : 'uint8',
          ...(parts.length > 1 ? { vector: 'vector' } : {}),
        },
      },
    );
    const { claim } = classes;
    const description: HeldOutDescription = {
      format: 1,
      source: source.name,
      isRandom: source.isRandom ?? false,
      judged: judged.states.length,
      centroids: centroids.states.length,
      imageSize: isVector ? 0 : elementCount(first),
      vectorSize: parts.reduce((sum, shape) => sum + (shape.length === 1 ? shape[0] : 0), 0),
      states: [judged, centroids].flatMap(({ states }) => Array.from(states, (state) => classes.classOf[state])),
      classes: { of: classes.of, names: [...classes.names], ...(claim === undefined ? {} : { claim }) },
    };
    return new Map([
      [HELD_OUT_NAME, new TextEncoder().encode(JSON.stringify(heldOutSchema.parse(description)))],
      [HELD_OUT_BYTES_NAME, new Uint8Array(readFileSync(path))],
    ]);
  } finally {
    removeScratch(folder);
  }
}

// Latents that were computed elsewhere, as rows of a file: which columns they are, and how tokens become one vector.
import { basename } from 'node:path';
import { type ObservationRows, observationRows } from '../../src/data/observation-rows.ts';
import { latentColumnsOf } from '../../src/data/readers/latent-file.ts';
import type { Recording } from '../../src/data/recording.ts';
import { findColumns, parseMap } from '../../src/data/role-name.ts';
import { option, UsageError, unknownName } from '../../src/error.ts';
import type { GivenLatents } from '../../src/evaluation/foreign-latents.ts';
import { latentsOf, type Pool } from '../../src/run/latent.ts';
import { elementCount } from '../../src/shape.ts';

/** Which of a file's numbers are the latents. */
export interface LatentColumns {
  /** Which columns the latents are: observation=NAME. Default: by their names. */
  readonly map?: string | undefined;
  /** How tokens or places become one vector. Default: all numbers, one after the other. */
  readonly pool?: Pool | undefined;
  /** l2: latents at length 1. Default: as they are. */
  readonly normalize?: 'l2' | undefined;
}

export interface LatentRows {
  readonly columns: readonly string[];
  readonly rows: ObservationRows;
  readonly latents: GivenLatents;
}

/**
 * @param labels the column of classes in the same file, which is none of the latents
 * @throws UsageError where the columns cannot be told, or hold images
 */
export function latentRowsOf(recording: Recording, labels: string | undefined, choice: LatentColumns): LatentRows {
  const columns = columnsIn(recording, choice.map, labels);
  const rows = observationRows(recording, [{ columns }]);
  return { columns, rows, latents: latentsFrom(recording.path, rows, choice) };
}

function columnsIn(recording: Recording, map: string | undefined, labels: string | undefined): readonly string[] {
  const known = [...recording.columns.keys()];
  const given = map === undefined ? undefined : parseMap(map).roles.observation;
  const columns = given?.flatMap((name) => {
    const found = findColumns(known, [name]);
    if (found === undefined) throw unknownName(option('map', `observation=${name}`), 'a column', name, known);
    return found;
  });
  return latentColumnsOf(recording, columns, labels);
}

function latentsFrom(file: string, rows: ObservationRows, choice: LatentColumns): GivenLatents {
  const tensorOf = (data: Float32Array, count: number): Float32Array =>
    latentsOf(file, { type: 'float32', data, shape: [count, ...rows.shape] }, choice);
  if (rows.parts[0].kind === 'image')
    throw new UsageError(`${file}: expected latents, got images of ${rows.shape.join(' x ')}`, {
      remedy: 'An encoder makes latents of them: jepa encode encoder.onnx --data FILE --out latents.npz',
    });
  return {
    file: basename(file),
    size: tensorOf(new Float32Array(elementCount(rows.shape)), 1).length,
    read: async (chosen) => tensorOf(Float32Array.from(await rows.gather(chosen)), chosen.length),
  };
}

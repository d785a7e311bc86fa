// Blocks of labelled latents, as the passes take them. Latents that were computed once stay on disk, a file a block.
// Letters: n rows of a block, D latent size.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { episodeAt } from '../../src/data/flat-layout.ts';
import { columnAtRows } from '../../src/data/observation-rows.ts';
import { FormatError } from '../../src/error.ts';
import { createLatents, underMetric } from '../../src/measures/latents.ts';
import { BLOCK_ROWS, type LatentBlock } from '../../src/measures/stream/block.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { makeFolder, systemErrorCode } from '../../src/storage/file-system.ts';
import { isTaken, keyOf, sideOf } from './census.ts';
import type { StoredPlan } from './plan.ts';
import type { OpenedSubject } from './subject.ts';

export interface BlockReader {
  read(block: number): Promise<LatentBlock>;
}

/** @throws FormatError where the recording is not the one that was planned */
export function openBlocks({ folder, plan }: StoredPlan, subject: OpenedSubject): BlockReader {
  const { recording, rows } = subject;
  const { size, seed, unit, metric } = plan;
  if (rows.count !== plan.rows)
    throw new FormatError(`${recording.path}: expected the ${plan.rows} rows that were planned, got ${rows.count}`, {
      remedy: 'The recording was changed: plan again into another folder.',
    });
  if (subject.sha256 !== plan.sha256)
    throw new FormatError(`${plan.subject.path}: expected the file that was planned, got another`, {
      remedy: 'It was changed: plan again into another folder.',
    });
  const column = columnAtRows(recording, plan.classes.column, rows);
  const classOf = new Map(plan.classes.keys.map((key, label) => [key, label]));
  const isKept = plan.subject.of === 'encoder';
  const latentsOf = async (block: number, chosen: Int32Array): Promise<Float32Array> => {
    if (!isKept) return subject.latents(chosen);
    const path = join(folder, 'latents', `block-${String(block).padStart(7, '0')}.f32`);
    const kept = readLatents(path, chosen.length * size);
    if (kept !== undefined) return kept;
    const computed = await subject.latents(chosen);
    if (computed.length !== chosen.length * size)
      throw new FormatError(
        `${plan.subject.path}: expected latents of ${size} numbers, got ${computed.length / chosen.length}`,
      );
    // Where all is finite: what is kept is not looked at again.
    createLatents(computed, size);
    makeFolder(join(folder, 'latents'));
    writeFileAtomic(path, new Uint8Array(computed.buffer, computed.byteOffset, computed.byteLength));
    return computed;
  };
  return {
    async read(block) {
      const first = block * BLOCK_ROWS;
      const count = Math.min(BLOCK_ROWS, plan.rows - first);
      const labels = new Int32Array(count).fill(-1);
      const judged = new Uint8Array(count);
      for (let i = 0; i < count; i++) {
        const row = first + i;
        if (!isTaken(row, plan)) continue;
        const value = await column.read(row);
        if (value === undefined) continue;
        labels[i] = classOf.get(keyOf(value, plan.classes.edges)) ?? -1;
        judged[i] = sideOf(unit === 'row' ? row : episodeAt(rows.starts, row), seed);
      }
      const taken = Int32Array.from(labels.keys()).filter((i) => labels[i] >= 0);
      const values = new Float32Array(count * size);
      if (taken.length > 0) {
        const packed = await latentsOf(
          block,
          taken.map((i) => first + i),
        );
        const compared = underMetric(createLatents(packed, size), metric).values;
        for (const [n, i] of taken.entries()) values.set(compared.subarray(n * size, (n + 1) * size), i * size);
      }
      return { first, values, labels, judged };
    },
  };
}

/** Undefined where there is none, or one that was cut short. */
function readLatents(path: string, length: number): Float32Array | undefined {
  try {
    const bytes = readFileSync(path);
    if (bytes.byteLength !== 4 * length) return undefined;
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

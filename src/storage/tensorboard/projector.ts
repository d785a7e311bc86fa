// Latents for TensorBoard's embedding projector: vectors.tsv, metadata.tsv, a sprite and projector_config.pbtxt
// (tensorboard/plugins/projector/projector_config.proto).
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { JepaError } from '../../error.ts';
import { writeFileAtomic } from '../atomic-file.ts';

export interface Projection {
  /** Shown in the projector's list, and part of the file names: letters, digits, - and _. */
  readonly name: string;
  /** [N, D] row-major. */
  readonly vectors: Float32Array;
  readonly dimension: number;
  /** Columns that points are coloured and searched by, [N] each: `{ count: [...], shape: [...] }`. */
  readonly labels: Readonly<Record<string, readonly (string | number)[]>>;
  /** A picture a point: one PNG of them all, row by row, each of `width` by `height` pixels. */
  readonly sprite?: { readonly png: Uint8Array; readonly width: number; readonly height: number } | undefined;
}

/** Writes the files of all projections into `folder` (a folder with event files), replacing what was there. */
export function writeProjections(folder: string, projections: readonly Projection[]): void {
  mkdirSync(folder, { recursive: true });
  const blocks: string[] = [];
  for (const { name, vectors, dimension, labels, sprite } of projections) {
    if (!/^[\w-]+$/.test(name))
      throw new JepaError(`projection: expected a name of letters, digits, - and _, got "${name}"`);
    const count = vectors.length / dimension;
    for (const [column, values] of Object.entries(labels))
      if (values.length !== count)
        throw new JepaError(`projection ${name}: expected ${count} labels of ${column}, got ${values.length}`);
    const rows = Array.from({ length: count }, (_, n) =>
      vectors.subarray(n * dimension, (n + 1) * dimension).join('\t'),
    );
    writeFileAtomic(join(folder, `${name}-vectors.tsv`), `${rows.join('\n')}\n`);
    const columns = Object.keys(labels);
    // The projector takes the first line of metadata for a header only where there is more than one column.
    const header = columns.length > 1 ? [columns.join('\t')] : [];
    const lines = Array.from({ length: count }, (_, n) => columns.map((column) => field(labels[column][n])).join('\t'));
    if (columns.length > 0)
      writeFileAtomic(join(folder, `${name}-metadata.tsv`), `${[...header, ...lines].join('\n')}\n`);
    const metadata = columns.length > 0 ? `\n  metadata_path: "${name}-metadata.tsv"` : '';
    if (sprite) writeFileAtomic(join(folder, `${name}-sprite.png`), sprite.png);
    const pictures = sprite
      ? `\n  sprite {\n    image_path: "${name}-sprite.png"\n` +
        `    single_image_dim: ${sprite.width}\n    single_image_dim: ${sprite.height}\n  }`
      : '';
    blocks.push(
      `embeddings {\n  tensor_name: "${name}"\n  tensor_path: "${name}-vectors.tsv"${metadata}${pictures}\n}\n`,
    );
  }
  writeFileAtomic(join(folder, 'projector_config.pbtxt'), blocks.join(''));
}

/** Tabs and line breaks would shift the columns. */
function field(value: string | number): string {
  return String(value).replace(/[\t\r\n]+/g, ' ');
}

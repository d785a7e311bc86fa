// Columns of encoded images (PNG or JPEG bytes in a file): decoded when they are read, all to one size.
import { FormatError, option } from '../../error.ts';
import type { Column } from '../recording.ts';
import { decodeImageFile, PixelDepthError, withChannels } from './file.ts';
import { resizeImages } from './image.ts';

export interface EncodedImages {
  readonly name: string;
  readonly starts: Float64Array;
  readonly rowsPerChunk?: number | undefined;
  /** What the error messages call a row: `recording.h5 episode_0/observations/image row 3`. */
  whereOf(row: number): string;
  /** The bytes of rows `from` to `to` (exclusive). */
  read(from: number, to: number): Uint8Array[] | Promise<Uint8Array[]>;
}

export interface ImageColumn {
  readonly column: Column;
  read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Decodes the first image to learn the size, unless `imageSize` says it. */
export async function openImageColumn(
  images: EncodedImages,
  imageSize: readonly [height: number, width: number] | undefined,
  isEmptyAllowed = false,
): Promise<ImageColumn> {
  const { name, starts, rowsPerChunk } = images;
  if (starts[starts.length - 1] === 0) throw new FormatError(`${images.whereOf(0)}: expected images, got none`);
  const first = await decodeImageFile((await images.read(0, 1))[0], images.whereOf(0));
  const [height, width] = imageSize ?? [first.height, first.width];
  // An alpha channel says how to lay the image over another, and nothing about the world.
  const channels = first.channels < 3 ? 1 : 3;
  const size = height * width * channels;
  return {
    column: { name, type: 'uint8', shape: [height, width, channels], starts, rowsPerChunk },
    async read(from, to) {
      const rows = new Uint8Array((to - from) * size);
      const encoded = await images.read(from, to);
      for (const [i, bytes] of encoded.entries()) {
        // A table's row without an image; the layout sees to it that nothing reads it.
        if (isEmptyAllowed && bytes.byteLength === 0) continue;
        const image = withChannels(await decodeImageFile(bytes, images.whereOf(from + i)), channels);
        const isOfSize = image.height === height && image.width === width;
        if (!isOfSize && imageSize === undefined)
          throw new FormatError(
            `${images.whereOf(from + i)}: expected an image of ${height} x ${width} pixels like the first, got ${image.height} x ${image.width}`,
            { remedy: `Say what size all are brought to: ${option('imageSize', 'HEIGHTxWIDTH')}.` },
          );
        rows.set(resizeImages(image.pixels, [image.height, image.width, channels], [height, width]), i * size);
      }
      return rows;
    },
  };
}

/** What `open` gives; undefined, and a note, where the images have more bits than are kept here. */
export async function orNote<Result>(
  name: string,
  notes: string[],
  open: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof PixelDepthError)) throw error;
    notes.push(`${name}: images of ${error.bits} bits a channel (depths?), left out`);
    return undefined;
  }
}

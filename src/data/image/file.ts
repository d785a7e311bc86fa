// Encoded images as pixels. PNG is decoded everywhere; JPEG, WebP and the rest by sharp, where npm could install it.
import { FormatError, UnavailableError } from '../../error.ts';
import { MAXIMAL_DEFLATE_RATIO, MAXIMAL_PIXELS } from '../../storage/decoding-limit.ts';

export interface PixelImage {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** [H, W, C] */
  readonly pixels: Uint8Array<ArrayBuffer>;
}

/** Pixels of more than 8 bits a channel are numbers, not pictures: rounding them would lose what they were stored for. */
export class PixelDepthError extends FormatError {
  readonly bits: number;

  constructor(where: string, bits: number) {
    super(`${where}: expected an image of 8 bits a channel, got ${bits} (depths?)`, {
      remedy: 'Store depths as numbers (float32 in an NPZ file), or pictures with 8 bits.',
    });
    this.bits = bits;
  }
}

export type ImageFileType = 'png' | 'jpeg' | 'other';

/** By the first bytes; undefined for what is no image that is known here. */
export function imageFileTypeOf(bytes: Uint8Array): ImageFileType | undefined {
  const startsWith = (...magic: readonly number[]) => magic.every((byte, i) => bytes[i] === byte);
  if (startsWith(0x89, 0x50, 0x4e, 0x47)) return 'png';
  if (startsWith(0xff, 0xd8, 0xff)) return 'jpeg';
  const isWebp = startsWith(0x52, 0x49, 0x46, 0x46) && String.fromCharCode(...bytes.subarray(8, 12)) === 'WEBP';
  const isGif = startsWith(0x47, 0x49, 0x46, 0x38);
  const isTiff = startsWith(0x49, 0x49, 0x2a, 0) || startsWith(0x4d, 0x4d, 0, 0x2a);
  return isWebp || isGif || isTiff ? 'other' : undefined;
}

/** Decodes one image to 8 bits a channel. `where` opens the error messages. */
export async function decodeImageFile(bytes: Uint8Array, where: string): Promise<PixelImage> {
  const type = imageFileTypeOf(bytes);
  if (type === undefined)
    throw new FormatError(
      `${where}: expected an image (PNG, JPEG, WebP, GIF or TIFF), got ${bytes.byteLength} other bytes`,
    );
  return type === 'png' ? decodePng(bytes, where) : decodeBySharp(bytes, where);
}

/** The same image with 1 (luma), 3 or 4 channels. */
export function withChannels(image: PixelImage, channels: number): PixelImage {
  if (image.channels === channels) return image;
  const count = image.height * image.width;
  const pixels = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    const source = i * image.channels;
    const isGrey = image.channels < 3;
    const [red, green, blue] = [0, 1, 2].map((channel) => image.pixels[source + (isGrey ? 0 : channel)]);
    if (channels < 3) pixels[i * channels] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    else pixels.set([red, green, blue], i * channels);
    if (channels === 4) pixels[i * channels + 3] = image.channels === 2 ? image.pixels[source + 1] : 255;
  }
  return { ...image, channels, pixels };
}

async function decodePng(bytes: Uint8Array, where: string): Promise<PixelImage> {
  const { decode, convertIndexedToRgb } = await import('fast-png');
  // IHDR is the first chunk: width and height at bytes 16 to 23.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 33)
    throw new FormatError(`${where}: expected a PNG image, got ${bytes.byteLength} bytes (truncated)`);
  const [claimedWidth, claimedHeight] = [view.getUint32(16), view.getUint32(20)];
  checkSize(claimedWidth, claimedHeight, where);
  checkPngClaim(claimedWidth, claimedHeight, view.getUint8(24), view.getUint8(25), bytes.byteLength, where);
  try {
    const png = decode(bytes, { checkCrc: true });
    const { width, height, depth, data } = png;
    if (png.palette !== undefined) {
      const pixels = convertIndexedToRgb(png);
      return { height, width, channels: pixels.length / (height * width), pixels };
    }
    if (depth < 8) {
      const pixels = unpackBits(data, width, height, depth);
      return { height, width, channels: 1, pixels };
    }
    // 8 bits that were stretched to 16 lose nothing.
    if (data instanceof Uint16Array && data.some((value) => value % 257 !== 0)) throw new PixelDepthError(where, 16);
    const pixels = data instanceof Uint16Array ? Uint8Array.from(data, (value) => value >> 8) : new Uint8Array(data);
    return { height, width, channels: png.channels, pixels };
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`${where}: expected a PNG image, got a fault: ${messageOf(error)}`, { cause: error });
  }
}

/** Grey values of less than 8 bits, whose rows begin at whole bytes. */
function unpackBits(data: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array<ArrayBuffer> {
  const largest = 2 ** depth - 1;
  const rowBytes = Math.ceil((width * depth) / 8);
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const bit = (i % width) * depth;
    const byte = data[Math.floor(i / width) * rowBytes + (bit >> 3)];
    return (((byte >> (8 - depth - (bit & 7))) & largest) * 255) / largest;
  });
}

async function decodeBySharp(bytes: Uint8Array, where: string): Promise<PixelImage> {
  const sharp = await loadSharp(where);
  try {
    const image = sharp(bytes, { failOn: 'warning', limitInputPixels: MAXIMAL_PIXELS });
    // JPEG, WebP and GIF have 8 bits, but TIFF may have more, which sharp would round.
    const { depth } = await image.metadata();
    if (depth !== undefined && depth !== 'uchar')
      throw new PixelDepthError(where, depth === 'ushort' || depth === 'short' ? 16 : 32);
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    return { height: info.height, width: info.width, channels: info.channels, pixels: new Uint8Array(data) };
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`${where}: expected an image, got a fault: ${messageOf(error)}`, { cause: error });
  }
}

async function loadSharp(where: string): Promise<typeof import('sharp')['default']> {
  try {
    const { default: sharp } = await import('sharp');
    // Workers decode side by side already.
    sharp.concurrency(1);
    return sharp;
  } catch (error) {
    throw new UnavailableError(`${where}: expected sharp for images other than PNG, got none on this machine`, {
      remedy: 'Install it beside jepa-onnx (npm install sharp), or convert the images to PNG.',
      cause: error,
    });
  }
}

/** Samples a pixel by the colour types of PNG. */
const PNG_SAMPLES: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

/** More pixels than so few bytes can be deflated from are refused before any memory is taken for them. */
function checkPngClaim(
  width: number,
  height: number,
  depth: number,
  colourType: number,
  byteLength: number,
  where: string,
): void {
  const samples = PNG_SAMPLES.get(colourType);
  if (samples === undefined || ![1, 2, 4, 8, 16].includes(depth) || width === 0 || height === 0)
    throw new FormatError(
      `${where}: expected a PNG image, got one of ${width} x ${height}, colour type ${colourType}, ${depth} bits`,
    );
  const claimed = height * (1 + Math.ceil((width * samples * depth) / 8));
  if (claimed > MAXIMAL_DEFLATE_RATIO * byteLength)
    throw new FormatError(
      `${where}: expected at most ${MAXIMAL_DEFLATE_RATIO} times the ${byteLength} bytes of a PNG image, got a claim of ${width} x ${height}`,
    );
}

function checkSize(width: number, height: number, where: string): void {
  if (width * height > MAXIMAL_PIXELS)
    throw new FormatError(`${where}: expected at most ${MAXIMAL_PIXELS} pixels, got a claim of ${width} x ${height}`);
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}

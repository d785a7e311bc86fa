// Text and WebAssembly compressed for the way, each once: what a browser has it keeps, and asks only whether it still holds.
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export type Encoding = 'br' | 'gzip';

/** A middle level: WebAssembly of 12 MB takes half a second once, and comes as 3 MB. */
const BROTLI_QUALITY = 5;
/** Smaller answers gain nothing. */
const SMALLEST_COMPRESSED = 1024;

const compressible = /^(?:text\/|application\/(?:json|wasm))/;

const compressors: Readonly<Record<Encoding, (content: Uint8Array) => Promise<Uint8Array>>> = {
  br: (content) => promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  gzip: (content) => promisify(gzip)(content),
};

/** The better one of those that the header Accept-Encoding names without q=0 (RFC 9110, 12.5.3). */
export function acceptedEncoding(accepted: string | undefined): Encoding | undefined {
  const named = new Set(
    (accepted ?? '').split(',').flatMap((part) => {
      const [name, ...parameters] = part.split(';').map((each) => each.trim().toLowerCase());
      return parameters.some((each) => /^q=0(?:\.0*)?$/.test(each)) ? [] : [name];
    }),
  );
  return named.has('br') ? 'br' : named.has('gzip') ? 'gzip' : undefined;
}

export function isCompressible(mediaType: string, byteLength: number): boolean {
  return byteLength >= SMALLEST_COMPRESSED && compressible.test(mediaType);
}

/** A name of the content: as long as it is the same, a browser's copy holds. */
export function entityTag(content: Uint8Array): string {
  return `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
}

/** Compresses what it is asked for, and keeps it: at most one of each tag and encoding. */
export class CompressedContents {
  readonly #kept = new Map<string, Promise<Uint8Array>>();

  get(content: Uint8Array, encoding: Encoding, tag = entityTag(content)): Promise<Uint8Array> {
    const key = `${encoding} ${tag}`;
    const found = this.#kept.get(key) ?? compressors[encoding](content);
    this.#kept.set(key, found);
    return found;
  }
}

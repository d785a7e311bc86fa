// Zip archives by hand, so that a test can lie in any field. Layout: APPNOTE.TXT of PKWARE, 4.3.
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipPart {
  readonly name: string;
  readonly content: Uint8Array;
  readonly isDeflated?: boolean;
  /** What the directory says instead of the truth. */
  readonly claim?: {
    readonly crc32?: number;
    readonly bytes?: number;
    readonly storedBytes?: number;
    readonly offset?: number;
    readonly method?: number;
    readonly flags?: number;
  };
  /** Replaces the stored bytes, after the checksum was taken. */
  readonly stored?: (bytes: Uint8Array) => Uint8Array;
}

export function buildZip(parts: readonly ZipPart[]): Uint8Array {
  const locals: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content, isDeflated = false, claim = {}, stored = (bytes: Uint8Array) => bytes } of parts) {
    const bytes = stored(isDeflated ? deflateRawSync(content) : content);
    const nameBytes = new TextEncoder().encode(name);
    const method = claim.method ?? (isDeflated ? 8 : 0);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(claim.flags ?? 0, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE((claim.crc32 ?? crc32(content)) >>> 0, 10);
    common.writeUInt32LE(claim.storedBytes ?? bytes.byteLength, 14);
    common.writeUInt32LE(claim.bytes ?? content.byteLength, 18);
    common.writeUInt16LE(nameBytes.byteLength, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, nameBytes, bytes]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(claim.offset ?? offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, rest, nameBytes]));
    locals.push(local);
    offset += local.byteLength;
  }
  const size = directory.reduce((sum, entry) => sum + entry.byteLength, 0);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

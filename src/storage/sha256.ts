// SHA-256 of what is in memory.
import { createHash } from 'node:crypto';

/** As hexadecimal digits. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

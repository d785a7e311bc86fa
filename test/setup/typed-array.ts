// Typed arrays of the same bytes are equal: said first, in one comparison of memory. What differs goes on to the matcher's own way
// of looking, element by element, which is a thousand times slower and says where.
import { expect } from 'vitest';

const isSaid = Symbol.for('jepa-onnx: typed arrays are compared by their bytes');
const marks = globalThis as { [isSaid]?: true };

// Test files that share a process share the matcher too.
if (!marks[isSaid]) {
  marks[isSaid] = true;
  expect.addEqualityTesters([haveSameBytes]);
}

/** @returns undefined where bytes do not decide: NaNs of other bits are equal too */
function haveSameBytes(first: unknown, second: unknown): true | undefined {
  if (!ArrayBuffer.isView(first) || !ArrayBuffer.isView(second)) return undefined;
  if (first.constructor !== second.constructor) return undefined;
  return bytesOf(first).equals(bytesOf(second)) ? true : undefined;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

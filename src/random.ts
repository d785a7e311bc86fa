// Seeded randomness. Every draw here is a function of a seed and of names and numbers that say what it is for, so that
// step 700 of a run can be drawn without drawing steps 0 to 699, and two purposes never share a stream.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of random numbers that is a function of its seed alone. */
export interface Random {
  /** A float in [0, 1) with 32 random bits. */
  uniform(): number;
  /** An integer in 0..bound-1. */
  integer(bound: number): number;
  /** A standard normal number (Box-Muller). */
  normal(): number;
}

/** FNV-1a over the parts, as a 32-bit seed. */
export function hashSeed(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    const text = `${typeof part}:${part};`;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  // A last avalanche, since FNV-1a leaves neighbouring steps close together.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** A generator for one purpose: `randomFor(seed, 'transitions', step)`. */
export function randomFor(...purpose: readonly (string | number)[]): Random {
  const generator = xoroshiro128plus(hashSeed(...purpose));
  const uniform = () => (generator.next() >>> 0) / 0x1_0000_0000;
  return {
    uniform,
    integer: (bound) => Math.floor(uniform() * bound),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** A permutation of 0..size-1 (Fisher-Yates). */
export function permutation(size: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const swapped = order[i];
    order[i] = order[j];
    order[j] = swapped;
  }
  return order;
}

// Mutants of small valid files: flipped and replaced bytes, extreme numbers in place of others, pieces cut out, doubled and
// exchanged; in text also its numbers and words. All from one seeded generator.

export interface Generator {
  /** A whole number below `limit`. */
  below(limit: number): number;
}

/** mulberry32: small, and the same everywhere. */
export function createGenerator(seed: number): Generator {
  let state = seed >>> 0;
  return {
    below(limit) {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
    },
  };
}

/** Values at the edges of what fields of files hold. */
const EXTREMES: readonly (readonly number[])[] = [
  [0],
  [0xff],
  [0x7f],
  [0x80],
  [0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff],
  [0, 0, 0, 0],
  [0, 0, 0, 0x80],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
];

const WORDS: readonly string[] = [
  '-1',
  '0',
  '1e999',
  '2147483648',
  '9007199254740993',
  '99999999999999999999',
  '0.5',
  'null',
  'true',
  '""',
  '[]',
  '{}',
  '"__proto__"',
  '"../../x"',
  'NaN',
  '\\u0000',
  '\u001b[31m',
  '\ufeff',
];

export function mutateBytes(original: Uint8Array, generator: Generator): Uint8Array {
  let bytes: Uint8Array<ArrayBuffer> = Uint8Array.from(original);
  for (let round = 1 + generator.below(4); round > 0; round--) bytes = mutateOnce(bytes, generator);
  return bytes;
}

function mutateOnce(bytes: Uint8Array<ArrayBuffer>, generator: Generator): Uint8Array<ArrayBuffer> {
  const at = generator.below(Math.max(1, bytes.length));
  const length = 1 + generator.below(Math.min(64, Math.max(1, bytes.length - at)));
  switch (generator.below(8)) {
    case 0:
      bytes[at] ^= 1 << generator.below(8);
      return bytes;
    case 1:
      bytes[at] = generator.below(256);
      return bytes;
    case 2:
    case 3:
      bytes.set(EXTREMES[generator.below(EXTREMES.length)].slice(0, bytes.length - at), at);
      return bytes;
    case 4:
      return concatenate(bytes.subarray(0, at), bytes.subarray(at + length));
    case 5:
      return concatenate(bytes.subarray(0, at + length), bytes.subarray(at));
    case 6: {
      const other = generator.below(Math.max(1, bytes.length - length));
      bytes.set(bytes.slice(other, other + Math.min(length, bytes.length - at)), at);
      return bytes;
    }
    default:
      return generator.below(4) === 0 ? bytes.subarray(0, at) : bytes;
  }
}

/** Text stays text: numbers and words are replaced, lines doubled, dropped and exchanged. */
export function mutateText(original: string, generator: Generator): string {
  let text = original;
  for (let round = 1 + generator.below(3); round > 0; round--) {
    const word = WORDS[generator.below(WORDS.length)];
    const places = [...text.matchAll(/-?\d+(\.\d+)?|"[^"]*"|\btrue\b|\bfalse\b|\bnull\b/g)];
    const lines = text.split('\n');
    const line = generator.below(lines.length);
    switch (generator.below(5)) {
      case 0:
        lines.splice(line, generator.below(2), lines[generator.below(lines.length)]);
        text = lines.join('\n');
        break;
      case 1:
        text = new TextDecoder().decode(mutateBytes(new TextEncoder().encode(text), generator));
        break;
      default: {
        const place = places[generator.below(Math.max(1, places.length))];
        if (place !== undefined) text = text.slice(0, place.index) + word + text.slice(place.index + place[0].length);
      }
    }
  }
  return text;
}

function concatenate(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}

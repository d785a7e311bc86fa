// Sums of float64 numbers that are exact, so that they can be merged in any order and still be the same bits: each sum is one whole
// number in units of 2^-1074, held in digits of 32 bits. Only digits that some number has touched take memory.

/** Bits of a digit; a digit's sum stays exact in float64 for 2^21 additions. */
const DIGIT = 2 ** 32;
/** Additions after which carries are moved up, which leaves room for as many again. */
const MOST_ADDITIONS = 2 ** 20;

const view = new Float64Array(1);
const words = new Uint32Array(view.buffer);
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** What is stored of exact sums: the lowest digit's place, and digits from there up. */
export interface ExactDigits {
  /** In digits above 2^-1074. */
  readonly lowest: number;
  /** [digits, n], the lowest first; all but the last digit of a sum are in 0..2^32-1. */
  readonly digits: Float64Array<ArrayBuffer>;
}

/** `length` exact sums. */
export class ExactSums {
  readonly length: number;
  /** By place; absent where nothing was added. */
  private readonly digits: (Float64Array | undefined)[] = [];
  private additions = 0;

  constructor(length: number) {
    this.length = length;
  }

  /** @throws RangeError for what is not finite */
  add(index: number, value: number): void {
    // Half of the numbers behind a ReLU.
    if (value === 0) return;
    view[0] = value;
    const high = words[HIGH];
    const low = words[1 - HIGH];
    const exponent = (high >>> 20) & 0x7ff;
    if (exponent === 0x7ff) throw new RangeError(`exact sum: expected a finite number, got ${value}`);
    const top = exponent === 0 ? high & 0xfffff : (high & 0xfffff) | 0x100000;
    const shift = exponent === 0 ? 0 : exponent - 1;
    const place = shift >>> 5;
    const bits = shift & 31;
    const first = (low << bits) >>> 0;
    const second = bits === 0 ? top : ((low >>> (32 - bits)) | (top << bits)) >>> 0;
    const third = bits === 0 ? 0 : top >>> (32 - bits);
    const sign = high >>> 31 === 1 ? -1 : 1;
    if (first !== 0) this.at(place)[index] += sign * first;
    if (second !== 0) this.at(place + 1)[index] += sign * second;
    if (third !== 0) this.at(place + 2)[index] += sign * third;
    this.countAddition();
  }

  merge({ lowest, digits }: ExactDigits): void {
    const count = digits.length / this.length;
    for (let d = 0; d < count; d++) {
      const own = this.at(lowest + d);
      for (let index = 0; index < this.length; index++) own[index] += digits[d * this.length + index];
    }
    this.countAddition();
  }

  /** The same for the same sums, however they came about. */
  stored(): ExactDigits {
    this.carry();
    const { length } = this;
    // As few digits as there can be: 0 or -1 above another digit is a part of that one.
    for (let last = this.digits.length - 1; last > 0; last--) {
      const highest = this.digits[last];
      if (highest !== undefined) {
        if (!highest.every((digit) => digit === 0 || digit === -1)) break;
        const below = this.at(last - 1);
        for (let index = 0; index < length; index++) below[index] += highest[index] * DIGIT;
      }
      this.digits.length = last;
    }
    let lowest = 0;
    while (lowest < this.digits.length && (this.digits[lowest]?.every((digit) => digit === 0) ?? true)) lowest++;
    if (lowest === this.digits.length) return { lowest: 0, digits: new Float64Array(0) };
    const digits = new Float64Array((this.digits.length - lowest) * length);
    for (let place = lowest; place < this.digits.length; place++) {
      const own = this.digits[place];
      if (own !== undefined) digits.set(own, (place - lowest) * length);
    }
    return { lowest, digits };
  }

  /** [n], each rounded to the nearest float64 once, ties to even. */
  values(): Float64Array {
    const { lowest, digits } = this.stored();
    const count = digits.length / this.length;
    return Float64Array.from({ length: this.length }, (_, index) => {
      let sum = 0n;
      for (let d = count - 1; d >= 0; d--) sum = sum * 4294967296n + BigInt(digits[d * this.length + index]);
      return rounded(sum, 32 * lowest - 1074);
    });
  }

  private countAddition(): void {
    if (++this.additions >= MOST_ADDITIONS) this.carry();
  }

  /** Moves what is beyond a digit up, so that every digit but the highest, which has the sign, is in 0..2^32-1. */
  private carry(): void {
    for (let place = 0; place < this.digits.length; place++) {
      const own = this.digits[place];
      if (own === undefined) continue;
      const isHighest = place === this.digits.length - 1;
      for (let index = 0; index < this.length; index++) {
        const over = Math.floor(own[index] / DIGIT);
        if (over === 0 || (isHighest && over === -1)) continue;
        this.at(place + 1)[index] += over;
        own[index] -= over * DIGIT;
      }
    }
    this.additions = 0;
  }

  private at(place: number): Float64Array {
    const found = this.digits[place];
    if (found !== undefined) return found;
    const made = new Float64Array(this.length);
    this.digits[place] = made;
    return made;
  }
}

/** The float64 nearest to `sum` 2^`exponent`, ties to even; `exponent` is -1074, below which there is no bit to lose, or more. */
function rounded(sum: bigint, exponent: number): number {
  const isNegative = sum < 0n;
  let magnitude = isNegative ? -sum : sum;
  const shift = Math.max(0, magnitude.toString(2).length - 53);
  if (shift > 0) {
    const half = 1n << BigInt(shift - 1);
    const rest = magnitude & ((1n << BigInt(shift)) - 1n);
    magnitude >>= BigInt(shift);
    if (rest > half || (rest === half && (magnitude & 1n) === 1n)) magnitude += 1n;
  }
  // A power of two: nothing is rounded again.
  const value = Number(magnitude) * 2 ** (exponent + shift);
  return isNegative ? -value : value;
}

// Numbers inside of messages: as short as they can be read, and as a program would read them.

/** So many significant digits, without zeros at the end. */
export function significant(value: number, digits = 3): string {
  return String(Number(value.toPrecision(digits)));
}

/** The same of a number that may be infinite. */
export function significantOrInfinite(value: number): string {
  return Number.isFinite(value) ? significant(value) : '∞';
}

// Numbers as a terminal shows them: plain ASCII, so that a line can be copied into a program.

/** Three significant digits, with a power of ten below a thousandth; what is not there or infinite is a dash. */
export function shortNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '-';
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}

/** A share of 1 as a percentage. */
export function percentage(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)}%`;
}

/** Decimal units, three significant digits: 999 bytes, 1.50 MB. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  // 999.5 and more would be shown as 1000.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toPrecision(3)} ${units[unit]}`;
}

/** With commas between thousands. */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}

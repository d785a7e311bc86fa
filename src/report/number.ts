// Numbers as a person reads them.

/** Three significant digits; powers of ten outside of 0.001..100,000. */
export function formatNumber(value: number | null): string {
  if (value === null) return 'not measurable';
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : 'minus infinite';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) return size >= 100 ? value.toFixed(0) : value.toPrecision(3);
  const [digits, exponent] = value.toExponential(2).split('e');
  return `${digits} × 10${superscript(exponent)}`;
}

export function formatPercent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)}%`;
}

/** Of a probe or a decoder: two digits after the point. */
export function formatScore(score: number | null): string {
  return score === null ? '–' : score.toFixed(2).replace('-', '−');
}

export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

function superscript(exponent: string): string {
  const signs: Readonly<Record<string, string>> = { '-': '⁻', '+': '' };
  return Array.from(exponent, (character) => signs[character] ?? '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(character)]).join('');
}

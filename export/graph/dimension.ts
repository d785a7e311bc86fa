// Arithmetic on dimensions of which some are names: enough to fill the shape of every intermediate value.
// Expressions are kept as linear forms over opaque terms where they are linear, so that `T + 2 - 2` is `T` again and
// equal sizes that were reached in different ways mostly get equal names.
import type { Dimension, Shape } from './type.ts';

export const unknownDimension = '?';

/** A sum of terms (names or bracketed expressions) with integer coefficients, and a constant. */
interface Linear {
  readonly terms: ReadonlyMap<string, number>;
  readonly constant: number;
}

/** The linear form of every expression made here, by its text; names from outside are their own single term. */
const forms = new Map<string, Linear>();

function linearOf(dimension: Dimension): Linear {
  if (typeof dimension === 'number') return { terms: new Map(), constant: dimension };
  return forms.get(dimension) ?? { terms: new Map([[dimension, 1]]), constant: 0 };
}

function textOf(linear: Linear): Dimension {
  const parts: string[] = [];
  for (const [term, factor] of [...linear.terms].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const magnitude = Math.abs(factor) === 1 ? term : `${Math.abs(factor)}*${term}`;
    parts.push(
      parts.length === 0 ? (factor < 0 ? `-${magnitude}` : magnitude) : `${factor < 0 ? '-' : '+'} ${magnitude}`,
    );
  }
  if (parts.length === 0) return linear.constant;
  if (linear.constant !== 0) parts.push(`${linear.constant < 0 ? '-' : '+'} ${Math.abs(linear.constant)}`);
  const text = parts.join(' ');
  if (parts.length > 1 || text.includes('*')) forms.set(text, linear);
  return text;
}

function combine(a: Dimension, b: Dimension, sign: 1 | -1): Dimension {
  if (a === unknownDimension || b === unknownDimension) return unknownDimension;
  const left = linearOf(a);
  const right = linearOf(b);
  const terms = new Map(left.terms);
  for (const [term, factor] of right.terms) {
    const sum = (terms.get(term) ?? 0) + sign * factor;
    if (sum === 0) terms.delete(term);
    else terms.set(term, sum);
  }
  return textOf({ terms, constant: left.constant + sign * right.constant });
}

export const add = (a: Dimension, b: Dimension): Dimension => combine(a, b, 1);
export const subtract = (a: Dimension, b: Dimension): Dimension => combine(a, b, -1);

export function multiply(a: Dimension, b: Dimension): Dimension {
  if (a === 0 || b === 0) return 0;
  if (a === unknownDimension || b === unknownDimension) return unknownDimension;
  if (typeof a === 'string' && typeof b === 'string') {
    const [first, second] = [bracketed(a), bracketed(b)].sort();
    return `${first}*${second}`;
  }
  const [name, factor] = typeof a === 'string' ? [a, Number(b)] : [b, a];
  const linear = linearOf(name);
  const terms = new Map([...linear.terms].map(([term, value]) => [term, value * factor]));
  return textOf({ terms, constant: linear.constant * factor });
}

export function floorDivide(a: Dimension, divisor: number): Dimension {
  return divide(a, divisor, Math.floor, 'floor');
}

export function ceilDivide(a: Dimension, divisor: number): Dimension {
  return divide(a, divisor, Math.ceil, 'ceil');
}

function divide(a: Dimension, divisor: number, round: (value: number) => number, name: string): Dimension {
  if (divisor === 1 || a === unknownDimension) return a;
  if (typeof a === 'number') return round(a / divisor);
  const { terms, constant } = linearOf(a);
  const whole = [...terms.values()].every((factor) => factor % divisor === 0);
  if (whole) {
    const quotient = new Map([...terms].map(([term, factor]) => [term, factor / divisor]));
    return textOf({ terms: quotient, constant: round(constant / divisor) });
  }
  return `${name}((${a}) / ${divisor})`;
}

export function product(shape: Shape): Dimension {
  return shape.reduce<Dimension>((total, dimension) => multiply(total, dimension), 1);
}

/** The quotient of two products where it can be told: all of `total` over the sizes in `parts`. */
export function divideProduct(total: Shape, parts: Shape): Dimension {
  const rest = [...total];
  let divisor = 1;
  for (const part of parts) {
    if (typeof part === 'number') {
      divisor *= part;
      continue;
    }
    const at = rest.indexOf(part);
    if (at < 0 || part === unknownDimension) return unknownDimension;
    rest.splice(at, 1);
  }
  const numbers = rest.filter((dimension) => typeof dimension === 'number').reduce<number>((a, b) => a * Number(b), 1);
  const names = rest.filter((dimension) => typeof dimension === 'string');
  const scaled = product([...names, numbers]);
  return floorDivide(scaled, divisor);
}

/** Whether two sizes are certainly different. */
export function isDifferent(a: Dimension, b: Dimension): boolean {
  return typeof a === 'number' && typeof b === 'number' && a !== b;
}

/** Whether two sizes are certainly equal. */
export function isEqual(a: Dimension, b: Dimension): boolean {
  return a === b && a !== unknownDimension;
}

function bracketed(name: string): string {
  return forms.has(name) && name.includes(' ') ? `(${name})` : name;
}

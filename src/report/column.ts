// Columns of tables by what stands in them: words to the left, numbers to the right.
import type { BlockOf } from './report.ts';

type Column = BlockOf<'table'>['columns'][number];

export function left(name: string): Column {
  return { name, align: 'left' };
}

export function right(name: string): Column {
  return { name, align: 'right' };
}

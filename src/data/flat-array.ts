// What a reader finds in a file before anybody knows what it means.
import type { ElementArray, ElementType } from './element.ts';

/** An array of a file, whatever it means. */
export interface FlatArray {
  readonly name: string;
  readonly type: ElementType;
  /** Rows first. */
  readonly shape: readonly number[];
  readonly rowsPerChunk?: number | undefined;
  /** What the numbers of text stand for. */
  readonly labels?: readonly string[] | undefined;
  /** Rows without a value, as a table's last row of an episode has no action. */
  readonly nullRows?: readonly number[] | undefined;
  /** Rows `from` to `to` (exclusive). */
  read(from: number, to: number): ElementArray | Promise<ElementArray>;
}

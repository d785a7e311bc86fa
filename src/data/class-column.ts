// Columns that hold classes: whole numbers by a usual name, or text, whose different values are numbered.
import type { Column, Recording } from './recording.ts';
import { totalRowsOf } from './recording.ts';

/** What classes are called. */
const CLASS_NAMES: readonly string[] = ['label', 'labels', 'class', 'classes', 'target', 'targets', 'category', 'y'];
/** More different texts are sentences, not classes. */
const MAXIMAL_LABELS = 1024;

/** Text as numbers of its different values, in their order; undefined where they are too many for classes. */
export function numberTexts(
  texts: readonly string[],
): { readonly labels: readonly string[]; readonly values: Int32Array<ArrayBuffer> } | undefined {
  const different = new Set<string>();
  for (const text of texts) {
    different.add(text);
    if (different.size > MAXIMAL_LABELS) return undefined;
  }
  const labels = [...different].sort(new Intl.Collator('en', { numeric: true }).compare);
  const numbers = new Map(labels.map((label, number) => [label, number]));
  return { labels, values: Int32Array.from(texts, (text) => numbers.get(text) ?? -1) };
}

/**
 * The column of classes of the observations, where one is told by its name or is the only one of text.
 * @param observation columns of the observations, which have as many rows; undefined where they are in another file
 */
export function classColumnOf(recording: Recording, observation?: readonly string[]): string | undefined {
  const rows = [...recording.columns.values()].find(({ name }) => observation?.includes(name));
  if (observation !== undefined && rows === undefined) return undefined;
  const fitting = [...recording.columns.values()].filter(
    (column) =>
      !observation?.includes(column.name) &&
      (rows === undefined || totalRowsOf(column) === totalRowsOf(rows)) &&
      isOfOneWholeNumber(column),
  );
  for (const wanted of CLASS_NAMES) {
    const found = fitting.find(({ name }) => name.toLowerCase() === wanted);
    if (found !== undefined) return found.name;
  }
  const texts = fitting.filter(({ labels }) => labels !== undefined);
  return texts.length === 1 ? texts[0].name : undefined;
}

function isOfOneWholeNumber({ shape, type }: Column): boolean {
  return shape.every((side) => side === 1) && !type.startsWith('float');
}

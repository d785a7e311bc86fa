// Text tables: columns as wide as their widest cell, two spaces between them.

/**
 * The lines of a table, without spaces at their ends.
 *
 * @param rows all of one length; the first may be headings
 * @param numbersFrom the first column that is set to the right; by default none
 */
export function alignedTable(rows: readonly (readonly string[])[], numbersFrom = Number.POSITIVE_INFINITY): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < numbersFrom ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
}

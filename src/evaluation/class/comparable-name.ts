// Names of classes as two evaluations can be compared by them: a column's name is in them, and labels that lie in a file of their
// own are called by that file.

/**
 * Names without the words that all of them begin with, the last one of each aside: of `label 3` and `label 7`, as of `labels 3` and
 * `labels 7`, what is left is `3` and `7`.
 */
export function withoutCommonWords(names: readonly string[]): readonly string[] {
  const words = names.map((name) => name.split(' '));
  const least = Math.min(...words.map(({ length }) => length)) - 1;
  let common = 0;
  while (common < least && words.every((each) => each[common] === words[0][common])) common++;
  return words.map((each) => each.slice(common).join(' '));
}

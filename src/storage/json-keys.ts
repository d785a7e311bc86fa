// JSON.parse keeps the last of two equal keys without a word; a file in which a name stands twice is broken, or made to be
// read in two ways by two readers.

/** The first key that stands twice in one object of `text`, which must be valid JSON. */
export function findDuplicateKey(text: string): string | undefined {
  /** One set of keys an open object, undefined an open array. */
  const open: (Set<string> | undefined)[] = [];
  let index = 0;
  while (index < text.length) {
    const character = text[index];
    if (character === '"') {
      const end = endOfString(text, index);
      const keys = open.at(-1);
      if (keys !== undefined && isFollowedByColon(text, end)) {
        // Parsed, so that "a" and "\u0061" are the same key.
        const key = String(JSON.parse(text.slice(index, end)));
        if (keys.has(key)) return key;
        keys.add(key);
      }
      index = end;
      continue;
    }
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    index++;
  }
  return undefined;
}

/** The index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index + 1;
}

function isFollowedByColon(text: string, index: number): boolean {
  while (/\s/.test(text[index] ?? '')) index++;
  return text[index] === ':';
}

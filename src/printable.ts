// Text that came from a file, a folder or a network, made fit for a terminal: it must not move the cursor, draw, or turn the
// direction of what is beside it.

/** Control and format characters as escapes (`\u001b`), which in JSON mean the same; `keepLines` lets line ends be. */
export function printable(text: string, { keepLines = false } = {}): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    keepLines && character === '\n'
      ? character
      : Array.from({ length: character.length }, (_, i) => escapeUnit(character.charCodeAt(i))).join(''),
  );
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

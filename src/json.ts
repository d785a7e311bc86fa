// JSON that may be something else: a torn line, a file of another program.

/** What the text says; undefined where it is no JSON. */
export function parseJsonIfAny(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

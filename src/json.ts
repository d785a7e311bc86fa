// JSON as every file and every --json writes it, and JSON that may be something else: a torn line, a file of another program.

/** What the text says; undefined where it is no JSON. */
export function parseJsonIfAny(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Indented by two, with a line feed at the end: what files hold and `--json` prints. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

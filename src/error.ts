// The errors that the libraries here throw. Only cli/ prints them and turns them into exit codes.

export interface JepaErrorOptions {
  /** What the reader can do about it: one imperative sentence. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** A failure that the user can understand: `<where>: expected <what>, got <value>`, and a remedy. Exit code 1. */
export class JepaError extends Error {
  override readonly name: string = 'JepaError';
  readonly remedy: string | undefined;

  constructor(message: string, options: JepaErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.remedy = options.remedy;
  }
}

/** The command or the call was wrong in itself: unknown name, missing argument, value out of range. Exit code 2. */
export class UsageError extends JepaError {
  override readonly name = 'UsageError';
}

/** A file or folder is not what it should be: truncated, foreign, corrupt. Exit code 1. */
export class FormatError extends JepaError {
  override readonly name = 'FormatError';
}

/** This machine lacks something: a native library, a provider, a program. Exit code 1. */
export class UnavailableError extends JepaError {
  override readonly name = 'UnavailableError';
}

/**
 * An option as messages name it, which know nothing of a command line: `name`, or `name: value`. The command line prints
 * it as people type it there: --name value.
 */
export function option(name: string, value?: string): string {
  return value === undefined ? `\`${name}\`` : `\`${name}: ${value}\``;
}

/** One line for a person: the message, then the remedy. */
export function describeError(error: unknown): string {
  if (error instanceof JepaError) return error.remedy ? `${error.message}. ${error.remedy}` : error.message;
  return error instanceof Error ? error.message : String(error);
}

/** What another library says of a fault, without the lines that follow. */
export function firstLineOf(error: unknown): string {
  return error instanceof Error ? error.message.split('\n')[0] : String(error);
}

/** The known name nearest to `name` by edit distance, or undefined where none is near (more than a third differs). */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** A usage error for a name that is not among the known ones. */
export function unknownName(where: string, what: string, name: string, known: readonly string[]): UsageError {
  const near = nearestName(name, known);
  return new UsageError(`${where}: expected ${what} (${known.join(', ')}), got "${name}"`, {
    remedy: near ? `Did you mean "${near}"?` : `Choose one of: ${known.join(', ')}.`,
  });
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

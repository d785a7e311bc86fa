// Options as people type them: messages of the library name them in backticks (src/error.ts), the command line with dashes.

/** Options that the command line knows by another name. */
const flagNames: Readonly<Record<string, string>> = {
  assignments: 'set',
  bisection: 'bisect',
  builds: 'build',
  tensors: 'inputs',
  shapes: 'shape',
};

/** `imageSize: 64x64` in a message becomes --image-size 64x64; `force: true` --force, and `check: false` --no-check. */
export function withDashes(message: string): string {
  return message.replaceAll(/`([a-z][A-Za-z]*)(?:: ([^`]*))?`/g, (_, name: string, value?: string) => {
    const flag = (flagNames[name] ?? name).replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (value === 'false') return `--no-${flag}`;
    return value === undefined || value === 'true' ? `--${flag}` : `--${flag} ${value}`;
  });
}

/** Where notes and progress of the library go: a line each, its options with dashes. */
export function noteTo(stream: { write(text: string): unknown }, prefix = ''): (line: string) => void {
  return (line) => {
    stream.write(`${prefix}${withDashes(line)}\n`);
  };
}

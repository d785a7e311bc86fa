// Options as people type them: messages of the library name them in backticks (src/error.ts), the command line with dashes.

/** `imageSize: 64x64` in a message becomes --image-size 64x64. */
export function withDashes(message: string): string {
  return message.replaceAll(/`([a-z][A-Za-z]*)(?:: ([^`]*))?`/g, (_, name: string, value?: string) => {
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === undefined ? flag : `${flag} ${value}`;
  });
}

// What Ctrl-C and SIGTERM do while a command has something on disk that is not whole yet.

/**
 * From now on an interruption calls `cleanUp`, and ends the program where that says that it had to: with 130 or 143. Where it
 * did not, whoever else listens decides.
 * @returns ends it
 */
export function cleanUpWhenInterrupted(cleanUp: () => boolean): () => void {
  const interrupt = (name: NodeJS.Signals): void => {
    if (!cleanUp()) return;
    process.stderr.write('jepa: interrupted\n');
    process.exit(name === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return () => {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  };
}

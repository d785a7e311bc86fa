// Work that keeps what is done as it goes: an interruption stops it in good order, and the same command goes on later.
import type { Terminal } from './terminal.ts';

/**
 * @param work is stopped by its signal, and then rejects
 * @param onStop what is said while it stops
 * @returns undefined where it was interrupted: how to go on is said, and the program ends with the interruption's exit code
 */
export async function untilInterrupted<Result>(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<Result>,
  onStop: () => void = () => {},
): Promise<Result | undefined> {
  const stopping = new AbortController();
  const release = terminal.stopWhenInterrupted((exitCode) => {
    terminal.exitCode = exitCode;
    onStop();
    stopping.abort();
    return true;
  });
  try {
    return await work(stopping.signal);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    terminal.stderr.write('jepa: interrupted; what is done is kept: run the same command again\n');
    return undefined;
  } finally {
    release();
  }
}

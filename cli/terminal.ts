// What a command writes to, how it ends, and who interrupts it: given to every command, so that a program runs in any process,
// several times, without a trace in that process.
import { createInterruption, type Interruption } from './interruption.ts';

/** EX_TEMPFAIL of sysexits.h, which engines take for "try again later": a living process has the run, or this one was stopped early. */
export const EXIT_TRY_AGAIN = 75;

/** Standard output or standard error, of a process or of a test. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Terminal extends Interruption {
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  /** What the program ends with where no error says otherwise; a command sets it. */
  exitCode: number;
  /** What it ends with where something fails though the call was right: 1, unless that is an answer of the command. */
  failureCode: number;
  /** Set by a command that leaves threads of native libraries behind: they shall not decide when its process ends. */
  endsAtOnce: boolean;
}

export function createTerminal(streams: Pick<Terminal, 'stdout' | 'stderr'>): Terminal {
  return { ...createInterruption(), ...streams, exitCode: 0, failureCode: 1, endsAtOnce: false };
}

// A runner: the name of a runtime, and how to find the program that runs it.
import type { RunnerProgram } from './protocol.ts';

export interface FoundRunner extends RunnerProgram {
  /** In place of the subject's own file: the same encoder in another precision. */
  readonly encoder?: string;
}

export interface Runner {
  /** As on the command line. */
  readonly name: string;
  /** Which of the two saved forms it reads. */
  readonly format: 'onnx' | 'tfjs';
  /** Precision of the encoder that it runs. */
  readonly model: 'float32' | 'float16' | 'int8';
  /** Run by `jepa runner`, which can also give out the values of single nodes. */
  readonly isInHouse: boolean;
  /** An absence of it is a failure. */
  readonly isRequired: boolean;
  /** False for what is told but not judged: a variant that nobody named. */
  readonly isJudged: boolean;
  /**
   * @param scratch a folder for files that are needed as long as it runs
   * @throws UnavailableError where this machine lacks it; the remedy says what to do
   */
  find(scratch: string): Promise<FoundRunner>;
}

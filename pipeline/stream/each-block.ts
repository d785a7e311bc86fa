// Goes through blocks, lets signals in between two of them, and tells how far it is.

/** Between two lines that say how far it is. */
const TOLD_MS = 2000;

export interface EachBlockOptions {
  /** What is done, for the lines. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
  /** Told in one line how far it is. */
  readonly onProgress: (line: string) => void;
}

/** Calls `visit` with `begin` to `end` - 1, one after the other. @throws the reason of `signal` */
export async function eachBlock(
  begin: number,
  end: number,
  visit: (block: number) => Promise<void>,
  { name, signal, onProgress }: EachBlockOptions,
): Promise<void> {
  let told = performance.now();
  for (let block = begin; block < end; block++) {
    signal?.throwIfAborted();
    await visit(block);
    await new Promise((resume) => setImmediate(resume));
    const now = performance.now();
    if (now - told < TOLD_MS) continue;
    told = now;
    onProgress(`${name}: block ${block + 1 - begin} of ${end - begin}`);
  }
}

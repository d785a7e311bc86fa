// Which runtime a command uses for networks that it needs beside those that it was asked about.

/** The name of one that works here: the CPU's, else WebAssembly, which is always there. */
export async function parentRuntime(): Promise<string> {
  const { firstLoadable } = await import('../../src/runtimes/loadable.ts');
  return firstLoadable(['cpu', 'wasm']);
}

// Which runtime a command uses for networks that it needs beside those that it was asked about.

/** The name of one that is installed: the CPU's, else WebAssembly, which is always there. */
export async function parentRuntime(): Promise<string> {
  const { findPackage, onnxruntimeNodePackage } = await import('../../src/machine/optional-package.ts');
  return findPackage(onnxruntimeNodePackage) === undefined ? 'wasm' : 'cpu';
}

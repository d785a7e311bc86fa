// The HDF5 library as WebAssembly, in the build for browsers: its file system is memory, so that nothing that a file names is
// ever read from the disk. Its error handler is on: without it a corrupt chunk gives numbers and no error.
import { ftruncateSync, readSync, writeSync } from 'node:fs';
import { FormatError } from '../../../error.ts';

export type Hdf5Library = Awaited<typeof import('h5wasm').ready>;

let loading: Promise<Hdf5Library> | undefined;

/** One for the whole process (or worker), with its error handler on. */
export function loadLibrary(): Promise<Hdf5Library> {
  loading ??= import('h5wasm').then(async ({ ready }) => {
    const library = await ready;
    library.activate_throwing_error_handler();
    library.FS.mkdirTree(library.get_plugin_search_paths()[0]);
    return library;
  });
  return loading;
}

/** The parts of a file of Emscripten's memory file system that are replaced here; its own types do not name them. */
interface MemoryNode {
  stream_ops: object;
}

interface WritableMemoryNode extends MemoryNode {
  node_ops: { setattr(node: unknown, attributes: { readonly size?: number | undefined }): void };
}

/** Shows the open file under `name`, read where and when the library reads. */
export function mountFile(library: Hdf5Library, name: string, descriptor: number, fileBytes: number): void {
  library.FS.writeFile(name, new Uint8Array(0));
  const node = library.FS.lookupPath(name, {}).node as unknown as MemoryNode;
  Object.defineProperty(node, 'usedBytes', { get: () => fileBytes });
  const refuse = () => {
    throw new Error('the file is only read');
  };
  node.stream_ops = {
    ...node.stream_ops,
    read: (_stream: unknown, heap: Uint8Array, offset: number, length: number, position: number) =>
      position >= fileBytes ? 0 : readSync(descriptor, heap, offset, length, position),
    write: refuse,
    mmap: refuse,
  };
}

/** Names of new files inside the library. */
let newFileCount = 0;

/** Shows an empty file that is open for reading and writing; returns its name inside the library. */
export function mountNewFile(library: Hdf5Library, descriptor: number): string {
  const name = `/new-recording-${newFileCount++}.h5`;
  library.FS.writeFile(name, new Uint8Array(0));
  const node = library.FS.lookupPath(name, {}).node as unknown as WritableMemoryNode;
  let size = 0;
  Object.defineProperty(node, 'usedBytes', { get: () => size });
  node.stream_ops = {
    ...node.stream_ops,
    read: (_stream: unknown, heap: Uint8Array, offset: number, length: number, position: number) =>
      position >= size ? 0 : readSync(descriptor, heap, offset, Math.min(length, size - position), position),
    write: (_stream: unknown, heap: Uint8Array, offset: number, length: number, position: number) => {
      let done = 0;
      while (done < length) done += writeSync(descriptor, heap, offset + done, length - done, position + done);
      size = Math.max(size, position + length);
      return length;
    },
  };
  const { setattr } = node.node_ops;
  node.node_ops = {
    ...node.node_ops,
    setattr: (target, attributes) => {
      if (attributes.size !== undefined) {
        ftruncateSync(descriptor, attributes.size);
        size = attributes.size;
      }
      setattr(target, { ...attributes, size: undefined });
    },
  };
  return name;
}

/** The library throws its whole stack of complaints, the cause last. */
export function explained<Result>(where: string, expected: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const complaints = [...text.matchAll(/^\s*#\d+:.*?\(\): (.*)$/gm)];
    const cause = complaints.at(-1)?.[1] ?? text.split('\n')[0];
    throw new FormatError(`${where}: expected ${expected}, got a fault: ${cause}`, { cause: error });
  }
}

// Values of a graph on the disk: what is computed in slices is kept without holding it in memory.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { JepaError } from '../../error.ts';
import type { ElementType, RuntimeTensor } from '../../runtimes/runtime.ts';
import { viewElements } from '../file/feeds.ts';

interface Stored {
  readonly file: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

export class ValueStore {
  readonly #folder: string;
  readonly #stored = new Map<string, Stored>();

  /** @param folder of its own, which the caller removes */
  constructor(folder: string) {
    this.#folder = folder;
  }

  has(name: string): boolean {
    return this.#stored.has(name);
  }

  /** Type, shape and size of a value that is there. */
  describe(name: string): Omit<Stored, 'file'> | undefined {
    return this.#stored.get(name);
  }

  set(name: string, { type, data, shape }: RuntimeTensor): void {
    // By its number: a name from a file is never a path.
    const file = join(this.#folder, `${this.#stored.size}.bin`);
    writeFileSync(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.#stored.set(name, { file, type, shape, byteLength: data.byteLength });
  }

  get(name: string): RuntimeTensor {
    const stored = this.#stored.get(name);
    if (stored === undefined) throw new JepaError(`bisection: expected the value "${name}" to be there, got none`);
    const bytes = readFileSync(stored.file);
    const data = viewElements(stored.type, new Uint8Array(bytes).buffer);
    return { type: stored.type, data, shape: stored.shape };
  }
}

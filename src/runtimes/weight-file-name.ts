// The names that a model.json gives to its files of weights. Free of Node, so that a page can use it.
import { FormatError } from '../error.ts';

/**
 * A file of weights lies beside its model.json or in a folder below it; any other path could lead out of the folder. Browsers
 * that save a model write `./name.bin`.
 * @returns the path within the folder, with `/` between its parts
 */
export function weightFileName(path: unknown, where: string): string {
  const parts = typeof path === 'string' ? path.split('/').filter((part) => part !== '.') : [];
  const isPlain = parts.length > 0 && parts.every((part) => part !== '..' && /^[^\\\0]+$/.test(part));
  if (!isPlain || /^[A-Za-z]:/.test(parts[0]))
    throw new FormatError(`${where}: expected a plain file name for weights, got ${JSON.stringify(path)}`);
  return parts.join('/');
}

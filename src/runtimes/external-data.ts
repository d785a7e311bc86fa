// The files of weights that an ONNX file names: found in its bytes without decoding it, and only in its own folder. The wire
// format and the field numbers are those of onnx.proto.
import { lstatSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { FormatError } from '../error.ts';

/** Graphs in nodes of graphs; a file that goes deeper than this was made to exhaust the stack. */
const MAXIMAL_DEPTH = 32;

/** Fields that lead to tensors, by the message that has them: number of the field -> message inside. */
const routes: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: 'graph', 25: 'function' },
  function: { 7: 'node' },
  graph: { 1: 'node', 5: 'tensor' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph' },
  tensor: { 13: 'entry' },
};

/** The locations that tensors of the model name, each once. Junk gives none: what is no model says the runtime. */
export function externalLocations(model: Uint8Array): string[] {
  const found = new Set<string>();
  visit(model, 'model', 0, found);
  return [...found].sort();
}

function visit(bytes: Uint8Array, message: string, depth: number, found: Set<string>): void {
  if (depth > 4 * MAXIMAL_DEPTH) return;
  const entry = new Map<number, Uint8Array>();
  for (const [field, content] of lengthDelimited(bytes)) {
    const inside = routes[message]?.[field];
    if (inside !== undefined) visit(content, inside, depth + 1, found);
    if (message === 'entry') entry.set(field, content);
  }
  const text = (field: number): string => new TextDecoder().decode(entry.get(field) ?? new Uint8Array(0));
  if (message === 'entry' && text(1) === 'location') found.add(text(2));
}

/** The fields of a message that hold bytes (texts, messages), with their numbers. */
function* lengthDelimited(bytes: Uint8Array): Generator<readonly [field: number, content: Uint8Array]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const key = varint();
    const wire = key % 8;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      yield [Math.floor(key / 8), bytes.subarray(at, at + length)];
      at += length;
    } else return;
  }
}

/**
 * The path of a data file in the model's folder or below it: no way out of it, no symbolic or hard links.
 * @param refuse the error for a location that is none, given the reason
 */
export function containedPath(folder: string, location: string, refuse: (why: string) => FormatError): string {
  const parts = location.split('/');
  if (location === '' || location.includes('\0')) throw refuse('no name');
  if (location.startsWith('/') || location.includes('\\') || /^[A-Za-z]:/.test(location))
    throw refuse('an absolute path');
  if (parts.some((part) => part === '..' || part === '.' || part === '')) throw refuse('a path that leaves the folder');
  let path = folder;
  for (const [i, part] of parts.entries()) {
    path = join(path, part);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) throw refuse('no such file');
    if (stats.isSymbolicLink()) throw refuse('a symbolic link');
    const isLast = i === parts.length - 1;
    if (isLast && !stats.isFile()) throw refuse('not a file');
    // A hard link may be to any file of the disk.
    if (isLast && stats.nlink > 1) throw refuse('a hard link');
  }
  if (!realpathSync(path).startsWith(realpathSync(folder) + sep)) throw refuse('a path that leaves the folder');
  return path;
}

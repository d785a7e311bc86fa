// Texts of a LeRobot data set (JSON, lines of JSON) and the templates of paths in them, which must not lead out of it.
import { readFileSync } from 'node:fs';
import { isAbsolute, posix } from 'node:path';
import { FormatError } from '../../../error.ts';
import { MAXIMAL_TEMPLATE_DIGITS } from '../../../storage/decoding-limit.ts';
import { storageError } from '../../../storage/file-system.ts';
import { isLfsPointer, lfsPointerError } from '../foreign-file.ts';

/** `data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet`; must stay below the folder of the data set. */
export function expandTemplate(
  template: string,
  values: Readonly<Record<string, number | string>>,
  where: string,
): string {
  const expanded = template.replace(/\{(\w+)(?::0?(\d+)d)?\}/g, (_whole, name: string, width: string | undefined) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new FormatError(`${where}: expected a known name in "${template}", got {${name}}`);
    if (Number(width ?? 0) > MAXIMAL_TEMPLATE_DIGITS)
      throw new FormatError(
        `${where}: expected at most ${MAXIMAL_TEMPLATE_DIGITS} digits in "${template}", got {${name}} of ${width}`,
      );
    return width === undefined ? String(value) : String(value).padStart(Number(width), '0');
  });
  const normal = posix.normalize(expanded.replaceAll('\\', '/'));
  if (isAbsolute(normal) || /^[A-Za-z]:/.test(normal) || normal.split('/').includes('..') || normal.includes('\0'))
    throw new FormatError(`${where}: expected a path below the data set, got "${expanded}"`);
  return normal;
}

export function readText(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw storageError(path, 'a readable file', error);
  }
  if (isLfsPointer(text)) throw lfsPointerError(path, 'a file of a LeRobot data set');
  // Some editors begin a text with a mark of its byte order.
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${where}: expected JSON, got ${JSON.stringify(text.slice(0, 60))}`, { cause: error });
  }
}

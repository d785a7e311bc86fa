// Reads a configuration file: YAML, of which JSON is a part.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { UsageError } from '../../src/error.ts';
import { storageError } from '../../src/storage/file-system.ts';

/** @param where what named the file, for errors */
export async function readConfigFile(path: string, where = `--config ${path}`): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { message, remedy } = storageError(where, 'a readable file', cause);
    throw new UsageError(message, { cause, ...(remedy === undefined ? {} : { remedy }) });
  }
  let value: unknown;
  try {
    // What is wrong with it is said by the error, or by what checks the keys.
    value = parse(text, { logLevel: 'error' });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new UsageError(`${where}: expected YAML or JSON, got: ${reason}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${where}: expected keys with values, got ${JSON.stringify(value)}`);
  return value as Record<string, unknown>;
}

// Reads a claims file: YAML, whose anchors and merges (<<) let tests that differ in one key be written once.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { UsageError } from '../../src/error.ts';
import { type ClaimsFile, parseClaims } from '../../src/report/reproduction/claim/claims-file.ts';
import { storageError } from '../../src/storage/file-system.ts';

export function readClaimsFile(path: string): ClaimsFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { message, remedy } = storageError(`claims ${path}`, 'a readable file', cause);
    throw new UsageError(message, { cause, ...(remedy === undefined ? {} : { remedy }) });
  }
  let value: unknown;
  try {
    value = parse(text, { logLevel: 'error', merge: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new UsageError(`claims ${path}: expected YAML or JSON, got: ${reason}`, { cause });
  }
  return parseClaims(`claims ${path}`, value, text);
}

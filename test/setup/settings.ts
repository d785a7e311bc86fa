// Tests, and the commands that they start, keep what they know of their own folders in a folder that ends with them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'settings-of-tests-'));
  process.env.XDG_CONFIG_HOME = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

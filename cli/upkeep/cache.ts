// `jepa cache`: what set-ups have put into the user's cache folder, and removing it.
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { byteSize } from '../text/number.ts';

export function createCacheCommand(terminal: Terminal): Command {
  const command = new Command('cache').description('list what set-ups have brought to this machine, or remove it');
  command
    .command('list', { isDefault: true })
    .description('say where the cache is, and how large each part of it')
    .option('--json', 'print it as JSON')
    .action((flags) => listCache(terminal, flags));
  command
    .command('clear')
    .description('remove the cache, or the parts that are named; what is needed again is brought again')
    .argument('[names...]', 'parts, as jepa cache lists them (default: all)')
    .action((names) => clear(terminal, names));
  return command;
}

async function listCache(terminal: Terminal, { json }: { readonly json?: boolean }): Promise<void> {
  const { cacheEntries } = await import('../../src/machine/cache-entry.ts');
  const { cacheRoot } = await import('../../src/machine/cache-folder.ts');
  const root = cacheRoot();
  const entries = cacheEntries(root);
  if (json === true) {
    terminal.stdout.write(`${JSON.stringify({ folder: root, entries })}\n`);
    return;
  }
  terminal.stdout.write(`${root}: ${entries.length === 0 ? 'empty' : byteSize(totalOf(entries))}\n`);
  const width = Math.max(0, ...entries.map(({ name }) => name.length));
  for (const { name, bytes } of entries)
    terminal.stdout.write(`  ${name.padEnd(width)}  ${byteSize(bytes).padStart(8)}\n`);
}

async function clear(terminal: Terminal, names: readonly string[]): Promise<void> {
  const { clearCache } = await import('../../src/machine/cache-entry.ts');
  const { cacheRoot } = await import('../../src/machine/cache-folder.ts');
  const root = cacheRoot();
  const removed = await clearCache(names, root);
  for (const { name, bytes } of removed) terminal.stdout.write(`removed ${name}: ${byteSize(bytes)}\n`);
  if (removed.length === 0) terminal.stdout.write(`${root}: empty already\n`);
}

function totalOf(entries: readonly { readonly bytes: number }[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}

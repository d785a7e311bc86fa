// `jepa play`: the playground, a page in which world models are trained live; on this machine, or as a folder for any host.
import { Command, Option } from 'commander';
import { packageRoot, packageVersion } from '../../src/machine/package.ts';
import { OPEN_DESCRIPTION, OPEN_FLAG } from '../open.ts';
import { parseWhole } from '../parse/number.ts';
import { type ServingFlags, serveUntilInterrupted } from '../serve-site.ts';
import type { Terminal } from '../terminal.ts';

interface PlayFlags extends ServingFlags {
  readonly out?: string;
}

export function createPlayCommand(terminal: Terminal): Command {
  return new Command('play')
    .description(
      'open the playground in the browser: train small world models live, watch them collapse, and see what prevents it',
    )
    .option('--port <number>', 'port to listen on; 0: any that is free', parseWhole('--port', 0), 8018)
    .addOption(new Option('--host <name>', 'where to listen, on this machine only').default('127.0.0.1'))
    .option('--out <folder>', 'write the playground as a folder for any static host, and end')
    .option(OPEN_FLAG, OPEN_DESCRIPTION)
    .addHelpText(
      'after',
      `
Examples:
  jepa play
  jepa play --out site

What it shows: docs/playground.md`,
    )
    .action((flags: PlayFlags) => runPlay(terminal, flags));
}

async function runPlay(terminal: Terminal, flags: PlayFlags): Promise<void> {
  const { createPlaySite, PLAY_PAGE } = await import('../../web/site/play-site.ts');
  const { requireReplaceable, writeSite } = await import('../../web/site/static-folder.ts');
  if (flags.out !== undefined) requireReplaceable(flags.out, PLAY_PAGE);
  const site = await createPlaySite({ packageRoot: packageRoot(), name: 'jepa-onnx', version: packageVersion() });
  if (flags.out !== undefined) {
    await writeSite(site, flags.out, PLAY_PAGE);
    terminal.stdout.write(`${flags.out}: the playground, ${site.size + 1} files\n`);
    return;
  }
  await serveUntilInterrupted(terminal, site, flags);
}

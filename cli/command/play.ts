// `jepa play`: the playground, a page in which world models are trained live; on this machine, or as a folder for any host.
import { Command, Option } from 'commander';
import { packageRoot, packageVersion } from '../../src/machine/package.ts';
import { OPEN_DESCRIPTION, OPEN_FLAG, openPage } from '../open.ts';
import { parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';

interface PlayFlags {
  readonly port: number;
  readonly host: string;
  readonly out?: string;
  readonly open?: boolean;
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
  const { serveSite } = await import('../../web/site/server.ts');
  const server = await serveSite(site, flags);
  terminal.stdout.write(`${server.url}\n`);
  terminal.stderr.write(flags.open === true ? 'Ctrl-C ends it.\n' : 'Open it in a browser. Ctrl-C ends it.\n');
  await openPage(terminal, flags.open, server.url);
  await new Promise<void>((resolve) => {
    terminal.stopWhenInterrupted(() => {
      resolve();
      return true;
    });
  });
  await server.close();
}

// A site served on this machine until somebody ends it, as `jepa serve` and `jepa play` do.
import type { Site } from '../web/site/site.ts';
import { openPage } from './open.ts';
import type { Terminal } from './terminal.ts';

export interface ServingFlags {
  readonly port: number;
  readonly host: string;
  readonly open?: boolean;
}

/** Prints the address, opens the page where that is asked for, and ends on Ctrl-C. */
export async function serveUntilInterrupted(terminal: Terminal, site: Site, flags: ServingFlags): Promise<void> {
  const { serveSite } = await import('../web/site/server.ts');
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

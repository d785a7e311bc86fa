// The option --open of commands that write or serve a page.
import type { Terminal } from './terminal.ts';

export const OPEN_FLAG = '--open';
export const OPEN_DESCRIPTION = 'open the page in the browser (BROWSER names another than the usual one)';

/** A page that cannot be opened is no failure: it is there, and the line says where. */
export async function openPage(terminal: Terminal, isWanted: boolean | undefined, target: string): Promise<void> {
  if (isWanted !== true) return;
  const { openInBrowser } = await import('../src/machine/open-in-browser.ts');
  const reason = await openInBrowser(target);
  if (reason !== undefined) terminal.stderr.write(`jepa: ${target} was not opened: ${reason}. Open it yourself.\n`);
}

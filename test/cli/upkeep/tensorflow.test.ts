import { describe, expect, test } from 'vitest';
import { createTerminal } from '../../../cli/terminal.ts';
import { createSetupProgress, withSetupProgress } from '../../../cli/upkeep/tensorflow.ts';

function draw(isTTY: boolean): {
  readonly text: () => string;
  readonly progress: ReturnType<typeof createSetupProgress>;
} {
  let text = '';
  const stream = { isTTY, columns: 60, write: (part: string) => (text += part) };
  return { text: () => text, progress: createSetupProgress(stream) };
}

const events = [
  { stage: 'download', message: 'downloading', fraction: 0 },
  { stage: 'download', message: 'downloading', fraction: 0.5 },
  { stage: 'unpack', message: 'unpacking', fraction: 0.25 },
  { stage: 'done', message: 'ready' },
] as const;

describe('the progress of the set-up', () => {
  test('is a line for each new thing where nobody watches a terminal', () => {
    const { text, progress } = draw(false);
    for (const event of events) progress.onSetup(event);
    progress.finish();
    expect(text().replace(/\d+ s/g, 'N s')).toBe(
      [
        'Setting native libraries up, once for this user (jepa setup; docs/setup.md says what is done).',
        '  downloading (N s)',
        '  unpacking (N s)',
        '  ready (N s)',
        '',
      ].join('\n'),
    );
  });

  test('draws a bar over itself on a terminal, ends every line, and never writes beyond the last column', () => {
    const { text, progress } = draw(true);
    for (const event of events) progress.onSetup(event);
    progress.onSetup({ stage: 'installer', message: 'x'.repeat(200), byteLength: 12_000_000 });
    progress.finish();
    progress.finish();
    expect(text()).toContain(`\r\x1b[2K  [${'='.repeat(12)}${' '.repeat(12)}] downloading (`);
    const lines = text().split('\n');
    expect(lines.at(-1)).toBe('');
    for (const line of lines.slice(1))
      for (const drawn of line.split('\r\x1b[2K')) expect(drawn.length).toBeLessThan(60);
    // The header, one line for each of the four messages, and nothing after the last line's end.
    expect(lines).toHaveLength(1 + 4 + 1);
  });

  test('says nothing where there is nothing to set up', () => {
    const { text, progress } = draw(true);
    progress.finish();
    expect(text()).toBe('');
  });
});

test('a set-up that is interrupted ends the command with the code of the signal, and what is not a set-up is not stopped', async () => {
  let stderr = '';
  const write = (text: string) => (stderr += text);
  const terminal = createTerminal({ stdout: { write }, stderr: { write } });
  const work = withSetupProgress(
    terminal,
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  expect(terminal.receive('SIGTERM')).toBeUndefined();
  await expect(work).rejects.toMatchObject({ exitCode: 143 });
  expect(stderr).toBe('jepa: interrupted; the set-up left nothing behind\n');
  const other = createTerminal({ stdout: { write }, stderr: { write } });
  expect(other.receive('SIGINT')).toBe(130);
});

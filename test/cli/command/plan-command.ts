// `jepa plan` in this process, which is faster than one of its own.
import { vi } from 'vitest';
import { createPlanCommand } from '../../../cli/command/plan.ts';

/** What the command prints on stdout and on stderr. */
export async function plan(...argv: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += text;
      return true;
    });
  try {
    await createPlanCommand().exitOverride().parseAsync(argv, { from: 'user' });
  } finally {
    vi.restoreAllMocks();
  }
  return written;
}

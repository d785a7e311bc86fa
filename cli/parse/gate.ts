// The flags of a gate: what an evaluation is compared with, and how its results are told to other programs.
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { UsageError, unknownName } from '../../src/error.ts';
import type { CheckFormat } from '../../src/report/check/format.ts';
import { requireWritable } from '../../src/storage/file-system.ts';
import { parseNumber } from './number.ts';

export interface GateFlags {
  readonly baseline?: string;
  readonly saveBaseline?: string;
  readonly leastCosine?: number;
}

export function withGate(command: Command): Command {
  return withFormat(
    command
      .option('--baseline <file>', 'exit with 1, a line each, where anything is worse than in this file (docs/gate.md)')
      .option('--save-baseline <file>', 'write what later evaluations, and jepa drift, are compared with')
      .option(
        '--least-cosine <cosine>',
        "of the latents that the baseline pins (default: 0.999 where the file is the baseline's, else none)",
        parseNumber('--least-cosine', 'a number from -1 to 1', (value) => Math.abs(value) <= 1),
      ),
  );
}

export const FORMAT_FLAG = '--format <kinds>';

export function withFormat(command: Command): Command {
  return command
    .option(
      FORMAT_FLAG,
      'comma-separated: junit, github, sarif instead of the table; KIND=FILE writes it into a file beside the table',
      parseFormats,
    )
    .hook('preAction', () => {
      const { format, json } = command.opts<{ format?: WantedFormat[]; json?: boolean }>();
      if (json && isOnStdout(format))
        throw new UsageError(
          '--format: expected a file beside --json, as in junit=results.xml, got a format on stdout',
        );
      requireWritableFiles(format);
    });
}

/** Before the work whose results they take. @throws JepaError in one line where one could not be written */
function requireWritableFiles(formats: readonly WantedFormat[] = []): void {
  for (const { kind, file } of formats) {
    if (file === undefined) continue;
    requireWritable(dirname(file));
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
      throw new UsageError(`--format ${kind}: expected a file to write, got a folder (${file})`, {
        remedy: `Name a file in it: --format ${kind}=${join(file, 'results')}`,
      });
  }
}

/** A format, and the file that it goes to; undefined: stdout. */
export interface WantedFormat {
  readonly kind: CheckFormat;
  readonly file?: string | undefined;
}

/** `github,junit=results.xml`. @throws UsageError for an unknown one, or two on stdout */
export function parseFormats(text: string): WantedFormat[] {
  const known: readonly CheckFormat[] = ['junit', 'github', 'sarif'];
  const wanted = text.split(',').map((part): WantedFormat => {
    const [name, ...rest] = part.trim().split('=');
    const kind = known.find((each) => each === name);
    if (kind === undefined) throw unknownName('--format', 'a format', name, known);
    if (rest.length === 0) return { kind };
    const file = rest.join('=');
    if (file === '') throw new UsageError(`--format ${kind}: expected a file after "=", got nothing`);
    return { kind, file };
  });
  if (wanted.filter(({ file }) => file === undefined).length > 1)
    throw new UsageError(`--format: expected one format on stdout, got "${text}"`, {
      remedy: 'Write the others into files: --format github,junit=results.xml',
    });
  return wanted;
}

/** Whether stdout is taken by one of the formats. */
export function isOnStdout(formats: readonly WantedFormat[] | undefined): boolean {
  return formats?.some(({ file }) => file === undefined) ?? false;
}

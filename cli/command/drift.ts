// `jepa drift`: whether new observations, without labels, still have the latents that a baseline kept; exit code 1 where not.

import { Command } from 'commander';
import { UsageError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { OPEN_DESCRIPTION, OPEN_FLAG, openPage } from '../open.ts';
import { isOnStdout, type WantedFormat, withFormat } from '../parse/gate.ts';
import { parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';
import { noteTo } from '../text/option.ts';
import { ensureRuntimePackages } from '../upkeep/tensorflow.ts';

interface DriftFlags {
  readonly baseline: string;
  readonly data?: string;
  readonly environment?: string;
  readonly map?: string;
  readonly stack?: number;
  readonly runtime?: string;
  readonly threads?: number;
  readonly observations: number;
  readonly seed: number;
  readonly level: number;
  readonly permutations: number;
  readonly ignoreMix?: boolean;
  readonly format?: readonly WantedFormat[];
  readonly json?: boolean;
  readonly report: boolean;
  readonly open?: boolean;
}

export function createDriftCommand(terminal: Terminal): Command {
  const command = new Command('drift')
    .description('compare the latents of new, unlabelled observations with those of a baseline')
    .argument('<encoder>', 'an ONNX file, or the folder of a run or an export: the one that the baseline is of')
    .requiredOption('--baseline <file>', 'a file of jepa evaluate --save-baseline')
    .option('--data <path>', 'the new observations: a recording, without labels or actions')
    .option('--environment <name>', 'draw them from an environment of ours instead: counting, ...')
    .option('--map <parts>', "the recording's parts and their columns: observation=pixels")
    .option('--stack <frames>', 'frames of an observation (default: 1)', parseWhole('--stack', 1))
    .option('--runtime <name>', "cpu, wasm, cuda, webgpu (default: the baseline's)")
    .option('--threads <number>', 'of the runtime (default: all cores)', parseWhole('--threads', 1))
    .option(
      '--observations <number>',
      'that are drawn of the batch; at most 1,024 are compared',
      parseWhole('--observations', 2),
      4096,
    )
    .option('--seed <number>', 'of what is drawn, and of the permutations', parseWhole('--seed', 0), 1)
    .option('--level <chance>', 'of an alarm where nothing has changed', parseLevel, 0.01)
    .option('--permutations <number>', 'of each permutation test', parseWhole('--permutations', 19), 1999)
    .option('--ignore-mix', 'another mix of classes is told, and is no alarm')
    .option('--json', 'print drift.json instead of sentences')
    .option(OPEN_FLAG, OPEN_DESCRIPTION)
    .option('--no-report', 'write neither drift.json nor drift.html')
    .addHelpText(
      'after',
      `
Examples:
  jepa evaluate encoder.onnx --data labelled.npz --save-baseline baseline.json
  jepa drift encoder.onnx --baseline baseline.json --data today.npz
  jepa drift runs/a --baseline baseline.json --data night.npz --ignore-mix

Exit code 1 where they have drifted, 2 where nothing could be compared. What is tested, and what it can see: docs/gate.md`,
    )
    .action((encoder, flags) => runDrift(terminal, encoder, flags));
  return withFormat(command);
}

function parseLevel(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value < 0.5))
    throw new UsageError(`--level: expected a chance between 0 and 0.5, got "${text}"`);
  return value;
}

async function runDrift(
  terminal: Terminal,
  encoder: string,
  { format, json, open, ...options }: DriftFlags,
): Promise<void> {
  // An alarm is 1: whoever is called by it must not be called by a file that cannot be read.
  terminal.failureCode = 2;
  if (json && isOnStdout(format))
    throw new UsageError('--format: expected a file beside --json, as in junit=results.xml, got a format on stdout');
  if (options.runtime !== undefined) await ensureRuntimePackages(terminal, [options.runtime.split(':')[0]]);
  const { driftPath, measureDrift } = await import('../../pipeline/drift/run.ts');
  const note = noteTo(terminal.stderr);
  const record = await measureDrift(encoder, { ...options, onProgress: note, onNote: note });
  const { driftChecks } = await import('../../src/report/check/check.ts');
  const { writeFormats } = await import('../text/gate.ts');
  const isTaken = writeFormats(terminal, format, driftChecks(encoder, record));
  if (json) terminal.stdout.write(formatJson(record));
  else if (!isTaken) {
    const { driftSentences } = await import('../../src/report/drift-report.ts');
    const head = `${record.observed} against ${record.baseline}: ${record.observations} and ${record.referenceObservations} observations, ${record.hasDrifted ? 'DRIFTED' : 'no drift found'}`;
    terminal.stdout.write(`${[head, ...driftSentences(record).map((line) => `  ${line}`)].join('\n')}\n`);
  }
  if (options.report) await openPage(terminal, open, driftPath(encoder, 'html'));
  if (record.hasDrifted) terminal.exitCode = 1;
}

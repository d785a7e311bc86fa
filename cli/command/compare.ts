// `jepa compare`: runs, exports, ONNX files and evaluations beside each other: what came out, with intervals, and what was set otherwise.

import { Command } from 'commander';
import { formatJson } from '../../src/json.ts';
import { OPEN_DESCRIPTION, OPEN_FLAG, openPage } from '../open.ts';
import type { Terminal } from '../terminal.ts';
import { noteTo } from '../text/option.ts';

interface CompareFlags {
  readonly out: string;
  readonly json?: boolean;
  readonly report: boolean;
  readonly open?: boolean;
}

export function createCompareCommand(terminal: Terminal): Command {
  return new Command('compare')
    .description('compare what evaluations have found, and what was set otherwise; each with the first')
    .argument('<evaluated...>', 'folders of runs or exports, ONNX files, evaluation.json files: any mix')
    .option('--out <file>', 'the page; the record goes beside it as JSON', 'compare.html')
    .option('--json', 'print the record instead of the table')
    .option(OPEN_FLAG, OPEN_DESCRIPTION)
    .option('--no-report', 'write neither the page nor the record')
    .addHelpText(
      'after',
      `
Examples:
  jepa compare runs/a runs/b runs/c --open
  jepa compare encoder.onnx encoder-int8.onnx
  jepa compare runs/a last-release/evaluation.json --json

Each must have been evaluated: jepa evaluate. What is tested, and how: docs/gate.md`,
    )
    .action((paths, flags) => runCompare(terminal, paths, flags));
}

async function runCompare(
  terminal: Terminal,
  paths: readonly string[],
  { out, json, report, open }: CompareFlags,
): Promise<void> {
  const { compareResults } = await import('../../pipeline/compare/run.ts');
  const record = await compareResults(paths, { out: report ? out : false, onProgress: noteTo(terminal.stderr) });
  if (json) terminal.stdout.write(formatJson(record));
  else terminal.stdout.write((await import('../text/run-comparison.ts')).renderRunComparison(record));
  if (report) await openPage(terminal, open, out);
}

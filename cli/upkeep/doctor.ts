// `jepa doctor`: what this machine has and what it lacks, with the reason and the remedy for each.
import { Command, Option } from 'commander';
import { UnavailableError } from '../../src/error.ts';
import { collect } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';

interface DoctorFlags {
  readonly json?: boolean;
  readonly require: readonly string[];
  readonly probe?: string;
}

export function createDoctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .description('say what this machine has: TensorFlow, the runtimes, programs, with a remedy for what is missing')
    .option('--json', 'print the report as JSON')
    .option(
      '--require <name>',
      'exit with 1 unless this part works (tensorflow, cpu, chromium, ...); repeatable',
      collect,
      [],
    )
    .addOption(new Option('--probe <runtime>', 'open one runtime and print its description').hideHelp())
    .action((flags) => runDoctor(terminal, flags));
}

async function runDoctor(terminal: Terminal, flags: DoctorFlags): Promise<void> {
  if (flags.probe !== undefined) {
    const { probeRuntime } = await import('../../pipeline/machine/probe.ts');
    terminal.stdout.write(await probeRuntime(flags.probe));
    // An open runtime (threads of WebAssembly, a GPU's) would keep the process alive.
    terminal.endsAtOnce = true;
    return;
  }
  const { inspectMachine, machinePartNames } = await import('../../pipeline/machine/inspect.ts');
  const { machineParts } = await import('../../pipeline/machine/report.ts');
  const { unknownRuntime } = await import('../../src/runtimes/index.ts');
  for (const name of flags.require)
    if (!machinePartNames.includes(name))
      throw unknownRuntime('--require', name, machinePartNames, 'a part of the report');

  const report = await inspectMachine();
  const { describeMachineReport } = await import('../text/machine.ts');
  terminal.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : describeMachineReport(report));

  const parts = machineParts(report);
  for (const name of flags.require) {
    const part = parts.get(name);
    if (part?.isAvailable) continue;
    throw new UnavailableError(`doctor: expected ${name}, got none: ${part?.reason ?? 'unknown'}`, {
      ...(part?.remedy === undefined ? {} : { remedy: part.remedy }),
    });
  }
}

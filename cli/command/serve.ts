// `jepa serve`: a page on this machine that loads an export, measures it in the browser and lets one look at its latents;
// or the same page as a folder for any host.
import { Command, Option } from 'commander';
import { packageRoot, packageVersion } from '../../src/machine/package.ts';
import type { Site } from '../../web/site/site.ts';
import { OPEN_DESCRIPTION, OPEN_FLAG } from '../open.ts';
import {
  type EncoderFlags,
  encoderFlagNames,
  isEncoderFile,
  judgedOptions,
  latentFlagNames,
  refuseEncoderFlags,
  withEncoderFlags,
  withLatentFlags,
} from '../parse/encoder.ts';
import { parseWhole } from '../parse/number.ts';
import { type ServingFlags, serveUntilInterrupted } from '../serve-site.ts';
import type { Terminal } from '../terminal.ts';
import { noteTo } from '../text/option.ts';

interface ServeFlags extends EncoderFlags, ServingFlags {
  readonly classes?: string;
  readonly runtime?: string;
  readonly build?: string;
  readonly data?: string;
}

export function createServeCommand(terminal: Terminal): Command {
  const command = new Command('serve')
    .description(
      'open a run, an export or any encoder in the browser: measure it there, look at its latents, press actions',
    )
    .argument(
      '<folder>',
      'the folder of a run that was exported, or of an export by itself; or an ONNX file: any encoder',
    )
    .option('--port <number>', 'port to listen on; 0: any that is free', parseWhole('--port', 0), 8017)
    .addOption(new Option('--host <name>', 'where to listen, on this machine only').default('127.0.0.1'))
    .option('--build <folder>', 'write the page as a folder for any static host, and end')
    .option(OPEN_FLAG, OPEN_DESCRIPTION)
    .option(
      '--data <path>',
      'where the recording of the run is now (default: where the run found it); of an ONNX file: labelled observations',
    )
    .option('--classes <source>', 'of an ONNX file: what must be told apart, as for jepa evaluate')
    .option('--runtime <name>', 'of an ONNX file: what computes its latents (default: cpu)');
  return withLatentFlags(withEncoderFlags(command))
    .addHelpText(
      'after',
      `
Examples:
  jepa serve runs/a
  jepa serve runs/a --build site
  jepa serve encoder.onnx --data photos --pixels imagenet

What the page shows, and how to use its library: docs/web.md`,
    )
    .action((folder, flags) => runServe(terminal, folder, flags));
}

async function runServe(terminal: Terminal, folder: string, flags: ServeFlags): Promise<void> {
  const isEncoder = isEncoderFile(folder);
  if (!isEncoder)
    refuseEncoderFlags(folder, flags, [...encoderFlagNames, ...latentFlagNames, 'classes', 'runtime'], 'an ONNX file');
  const { requireReplaceable, writeSite } = await import('../../web/site/static-folder.ts');
  if (flags.build !== undefined) requireReplaceable(flags.build);
  const site = isEncoder ? await siteOfEncoder(terminal, folder, flags) : await siteOfRun(terminal, folder, flags);
  if (flags.build !== undefined) {
    await writeSite(site, flags.build);
    terminal.stdout.write(`${flags.build}: the page, ${site.size + 1} files\n`);
    return;
  }
  await serveUntilInterrupted(terminal, site, flags);
}

async function siteOfRun(terminal: Terminal, folder: string, { build, data }: ServeFlags): Promise<Site> {
  const { createRunSite } = await import('../../web/site/run-site.ts');
  return createRunSite(folder, {
    data,
    // A folder for others is complete.
    isChecked: build !== undefined,
    packageRoot: packageRoot(),
    generator: `jepa-onnx ${packageVersion()}`,
    onNote: noteTo(terminal.stderr),
  });
}

async function siteOfEncoder(terminal: Terminal, path: string, flags: ServeFlags): Promise<Site> {
  const { createEncoderSite } = await import('../../web/site/encoder-site.ts');
  const { ensureRuntimePackages } = await import('../upkeep/tensorflow.ts');
  await ensureRuntimePackages(terminal, [flags.runtime ?? 'cpu']);
  const { port: _, host: _h, build: _b, open: _o, ...rest } = flags;
  return createEncoderSite({
    ...rest,
    path,
    ...(await judgedOptions(terminal, flags)),
    packageRoot: packageRoot(),
    generator: `jepa-onnx ${packageVersion()}`,
  });
}

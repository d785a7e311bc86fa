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
  const site = isEncoder ? await siteOfEncoder(terminal, folder, flags) : await siteOfExport(terminal, folder, flags);
  if (flags.build !== undefined) {
    await writeSite(site, flags.build);
    terminal.stdout.write(`${flags.build}: the page, ${site.size + 1} files\n`);
    return;
  }
  await serveUntilInterrupted(terminal, site, flags);
}

async function siteOfExport(terminal: Terminal, folder: string, { build, data }: ServeFlags): Promise<Site> {
  const { createSite } = await import('../../web/site/site.ts');
  const exportFolder = await exportOf(folder);
  if (build !== undefined) await (await import('../../pipeline/export/check.ts')).checkExportFolder(exportFolder);
  return createSite({
    exportFolder,
    heldOut: await heldOutOf(terminal, folder, exportFolder, data),
    packageRoot: packageRoot(),
    generator: `jepa-onnx ${packageVersion()}`,
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

/** Observations for the page, which cannot make those of a recording; undefined for an environment. */
async function heldOutOf(
  terminal: Terminal,
  folder: string,
  exportFolder: string,
  data: string | undefined,
): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  const { readExportDescription } = await import('../../src/storage/export-description.ts');
  const { UsageError } = await import('../../src/error.ts');
  if (readExportDescription(exportFolder).recording === undefined) {
    if (data !== undefined)
      throw new UsageError(`--data: expected a run of a recording, got ${folder}, of an environment`);
    return undefined;
  }
  const { openSubject } = await import('../../src/run/subject.ts');
  const { heldOutCount, heldOutFiles } = await import('../../web/site/held-out.ts');
  const { inputOfRecordingOrStatistics } = await import('../../pipeline/network/recording.ts');
  const subject = openSubject(folder);
  const input = await inputOfRecordingOrStatistics(subject, {
    path: data,
    observations: heldOutCount(subject),
    seed: 0,
    runtime: await (await import('../../pipeline/encoder/reference-runtime.ts')).onnxRuntime(),
    onNote: noteTo(terminal.stderr),
  });
  return heldOutFiles(subject, input);
}

/** The export of a run, or the folder itself. */
async function exportOf(folder: string): Promise<string> {
  const { existsSync } = await import('node:fs');
  const { runPath } = await import('../../src/run/folder.ts');
  if (!existsSync(runPath(folder, 'configuration'))) return folder;
  const exported = runPath(folder, 'export');
  if (existsSync(exported)) return exported;
  const { UsageError } = await import('../../src/error.ts');
  throw new UsageError(`${folder}: expected a run that was exported, found no export in it`, {
    remedy: `Export it: jepa export ${folder}`,
  });
}

// The site of a run or of an export by itself: its export, and of a recording the held-out observations, which a page cannot make.
import { existsSync } from 'node:fs';
import { onnxRuntime } from '../../pipeline/encoder/reference-runtime.ts';
import { checkExportFolder } from '../../pipeline/export/check.ts';
import { inputOfRecordingOrStatistics } from '../../pipeline/network/recording.ts';
import { option, UsageError } from '../../src/error.ts';
import { runPath } from '../../src/run/folder.ts';
import { openSubject } from '../../src/run/subject.ts';
import { readExportDescription } from '../../src/storage/export-description.ts';
import { heldOutCount, heldOutFiles } from './held-out.ts';
import { createSite, type Site, type SiteOptions } from './site.ts';

export interface RunSiteOptions extends Pick<SiteOptions, 'packageRoot' | 'generator'> {
  /** Where the recording of the run is now. Default: where it was. */
  readonly data?: string | undefined;
  /** Whether every file of the export is checked first. Default: false. */
  readonly isChecked?: boolean;
  readonly onNote?: (line: string) => void;
}

/** @throws UsageError where the run was not exported, or has no recording and `data` names one */
export async function createRunSite(
  folder: string,
  { data, isChecked = false, onNote, ...options }: RunSiteOptions,
): Promise<Site> {
  const exportFolder = exportOf(folder);
  if (isChecked) await checkExportFolder(exportFolder);
  return createSite({ ...options, exportFolder, heldOut: await heldOutOf(folder, exportFolder, { data, onNote }) });
}

async function heldOutOf(
  folder: string,
  exportFolder: string,
  { data, onNote }: Pick<RunSiteOptions, 'data' | 'onNote'>,
): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  if (readExportDescription(exportFolder).recording === undefined) {
    if (data === undefined) return undefined;
    throw new UsageError(`${option('data')}: expected a run of a recording, got ${folder}, of an environment`);
  }
  const subject = openSubject(folder);
  const input = await inputOfRecordingOrStatistics(subject, {
    path: data,
    observations: heldOutCount(subject),
    seed: 0,
    runtime: await onnxRuntime(),
    ...(onNote === undefined ? {} : { onNote }),
  });
  return heldOutFiles(subject, input);
}

/** The export of a run, or the folder itself. */
function exportOf(folder: string): string {
  if (!existsSync(runPath(folder, 'configuration'))) return folder;
  const exported = runPath(folder, 'export');
  if (existsSync(exported)) return exported;
  throw new UsageError(`${folder}: expected a run that was exported, found no export in it`, {
    remedy: `Export it: jepa export ${folder}`,
  });
}

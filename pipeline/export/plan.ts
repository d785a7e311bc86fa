// What is written of each network of a run, and how an export folder describes itself.
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { packageVersion } from '../../src/machine/package.ts';
import { runPath } from '../../src/run/folder.ts';
import { isGymnasiumName } from '../../src/simulation/index.ts';
import { readSimulationRecord } from '../../src/simulation/provenance.ts';
import type { ExportDescription } from '../../src/storage/export-description.ts';
import { readMetrics } from '../../src/storage/jsonl.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import type { LoadedRun } from '../load.ts';
import {
  describeNetworks,
  type NetworkPlan,
  originOf,
  planNetworksOf,
  type ResolvedNetworkOptions,
} from './network-plan.ts';

export {
  type NetworkPlan,
  type NetworkPlanOptions,
  type ResolvedNetworkOptions,
  resolveNetworkOptions,
} from './network-plan.ts';

export function planNetworks(runFolder: string, run: LoadedRun, options: ResolvedNetworkOptions): NetworkPlan[] {
  const { step, stateFile } = run;
  // Its metrics are of other weights where those were trained elsewhere.
  const hasMetrics = stateFile === undefined && existsSync(runPath(runFolder, 'metrics'));
  const metrics = hasMetrics ? readMetrics(runPath(runFolder, 'metrics')).records : [];
  const last = metrics.filter((record) => record.step <= step).at(-1);
  const told = { ...run, configuration: withoutPlaces(run.configuration) };
  return planNetworksOf(run, options, originOf(basename(resolve(runFolder)), told, packageVersion(), last));
}

/** A recording by its name alone: an export goes to other machines. */
export function withoutPlaces(configuration: Configuration): Configuration {
  if (configuration.recording === undefined) return configuration;
  const { ffmpeg: _, path, ...recording } = configuration.recording;
  return { ...configuration, recording: { path: basename(path), ...recording } };
}

export function describeExport(
  runFolder: string,
  run: LoadedRun,
  options: ResolvedNetworkOptions,
): Omit<ExportDescription, 'format'> {
  const { configuration, recording } = run;
  const simulation = readSimulationRecord(runPath(runFolder, 'simulation'));
  return {
    ...describeNetworks(basename(resolve(runFolder)), { ...run, configuration: withoutPlaces(configuration) }, options),
    ...(recording ? { recording: { ...recording } } : {}),
    ...(simulation ? { simulation: { ...simulation, simulator: withoutFolders(simulation.simulator) } } : {}),
  };
}

/** A module by its file's name alone: an export goes to other machines. */
function withoutFolders(simulator: string): string {
  return isGymnasiumName(simulator) ? simulator : basename(simulator);
}

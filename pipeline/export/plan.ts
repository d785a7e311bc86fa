// What is written of each network of a run, and how an export folder describes itself.
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { packageVersion } from '../../src/machine/package.ts';
import { runPath } from '../../src/run/folder.ts';
import { isGymnasiumName } from '../../src/simulation/index.ts';
import { readSimulationRecord } from '../../src/simulation/provenance.ts';
import type { ExportDescription } from '../../src/storage/export-description.ts';
import { readMetrics } from '../../src/storage/jsonl.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import type { LoadedRun } from '../load.ts';
import { describeNetworks, type NetworkPlan, planNetworksOf, type ResolvedNetworkOptions } from './network-plan.ts';

export {
  type NetworkPlan,
  type NetworkPlanOptions,
  type ResolvedNetworkOptions,
  resolveNetworkOptions,
} from './network-plan.ts';

export function planNetworks(runFolder: string, run: LoadedRun, options: ResolvedNetworkOptions): NetworkPlan[] {
  return planNetworksOf(run, options, {
    producer: { name: 'jepa-onnx', version: packageVersion() },
    metadata: metadataOf(runFolder, run),
  });
}

/** Nothing here depends on the clock or the machine: the same weights give the same bytes. */
function metadataOf(runFolder: string, { configuration, step }: LoadedRun): Record<string, string> {
  const metrics = existsSync(runPath(runFolder, 'metrics')) ? readMetrics(runPath(runFolder, 'metrics')).records : [];
  const last = metrics.filter((record) => record.step <= step).at(-1);
  return {
    'jepa_onnx.run': basename(resolve(runFolder)),
    'jepa_onnx.config': JSON.stringify(withoutPlaces(configuration)),
    'jepa_onnx.seed': String(configuration.seed),
    'jepa_onnx.step': String(step),
    ...(last ? { 'jepa_onnx.metrics': JSON.stringify(last) } : {}),
    'jepa_onnx.versions': JSON.stringify({ 'jepa-onnx': packageVersion(), tfjs: tf.version.tfjs }),
  };
}

/** A recording by its name alone: an export goes to other machines. */
function withoutPlaces(configuration: Configuration): Configuration {
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

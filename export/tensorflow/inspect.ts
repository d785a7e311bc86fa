// What is in a model.json of TensorFlow.js and what of it would convert, without its weights being read.

import { modelClasses } from '../coverage.ts';
import { converters } from '../layers/index.ts';
import { isObject } from '../model/config.ts';
import { unsupportedOperations } from './conversion.ts';
import { isGraphModel, readGraphModel } from './graph-model.ts';

export interface TensorFlowSummary {
  readonly kind: 'graph model' | 'layers model' | 'weights without a model';
  readonly generatedBy: string;
  readonly convertedBy: string;
  /** Inputs and outputs of a graph, as text: `image float32[?, 224, 224, 3]`. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Operations or layer classes with how often they occur, the most frequent first. */
  readonly parts: Readonly<Record<string, number>>;
  /** Those without a row or a converter that an output needs, with the nodes or layers that hold them. */
  readonly unsupported: Readonly<Record<string, readonly string[]>>;
  /** Elements of all weights, and how they are stored. */
  readonly parameters: number;
  readonly storage: Readonly<Record<string, number>>;
}

/**
 * @param json the parsed file
 * @param where what the file is, for error messages
 * @returns undefined where the file is none of TensorFlow.js'
 */
export function inspectTensorFlow(json: unknown, where: string): TensorFlowSummary | undefined {
  const manifest = Array.isArray(json) ? json : isObject(json) ? json.weightsManifest : undefined;
  const weights = weightsOf(manifest);
  const text = (key: string): string => (isObject(json) && typeof json[key] === 'string' ? json[key] : '');
  const common = { generatedBy: text('generatedBy'), convertedBy: text('convertedBy'), ...weights };
  if (isGraphModel(json)) return { ...common, ...graphFacts(json, where) };
  if (isObject(json) && (isObject(json.modelTopology) || typeof json.modelTopology === 'string'))
    return { ...common, ...layersFacts(json.modelTopology) };
  if (Array.isArray(json) && Array.isArray(manifest) && weights.parameters > 0)
    return { kind: 'weights without a model', inputs: [], outputs: [], parts: {}, unsupported: {}, ...common };
  return undefined;
}

function weightsOf(manifest: unknown): Pick<TensorFlowSummary, 'parameters' | 'storage'> {
  const groups = Array.isArray(manifest) ? manifest.filter(isObject) : [];
  const entries = groups.flatMap(({ weights }) => (Array.isArray(weights) ? weights.filter(isObject) : []));
  let parameters = 0;
  const stored: string[] = [];
  for (const { shape, dtype, quantization } of entries) {
    if (Array.isArray(shape)) parameters += shape.reduce<number>((size, side) => size * Number(side), 1);
    stored.push(String(isObject(quantization) ? quantization.dtype : dtype));
  }
  return { parameters, storage: counted(stored) };
}

function counted(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}

function graphFacts(json: unknown, where: string) {
  // Weights are not looked at: an empty manifest stands for them.
  const graph = readGraphModel(
    { ...(isObject(json) ? json : {}), weightsManifest: [] },
    () => new Uint8Array(0),
    where,
  );
  const sizes = (shape: readonly number[] | undefined): string =>
    shape ? `[${shape.map((size) => (size < 0 ? '?' : size)).join(', ')}]` : ' of any rank';
  const functions = [...graph.functions.values()].flatMap(({ nodes }) => [...nodes.values()]);
  return {
    kind: 'graph model' as const,
    inputs: graph.inputs.map(({ key, type, shape }) => `${key} ${type}${sizes(shape)}`),
    outputs: graph.outputs.map(({ key, tensor }) => (key === tensor.replace(/:0$/, '') ? key : `${key} (${tensor})`)),
    parts: counted([...graph.nodes.values(), ...functions].map(({ operation }) => operation)),
    unsupported: Object.fromEntries(unsupportedOperations(graph)),
  };
}

/** Layers by class, at every depth: nested models and wrappers have theirs inside. */
function layersFacts(topology: unknown) {
  const found: [className: string, name: string][] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (isObject(value)) {
      const className = value.class_name ?? value.className;
      const config = isObject(value.config) ? value.config : undefined;
      const isLayer = typeof className === 'string' && (config?.name !== undefined || value.name !== undefined);
      if (isLayer) found.push([className, String(value.name ?? config?.name)]);
      Object.values(value).forEach(visit);
    }
  };
  visit(typeof topology === 'string' ? JSON.parse(topology) : topology);
  const known = new Set<string>([...Object.keys(converters), ...modelClasses]);
  const unsupported: Record<string, string[]> = {};
  for (const [className, name] of found)
    if (!known.has(className)) unsupported[className] = [...(unsupported[className] ?? []), name];
  return {
    kind: 'layers model' as const,
    inputs: [],
    outputs: [],
    parts: counted(found.map(([className]) => className)),
    unsupported,
  };
}

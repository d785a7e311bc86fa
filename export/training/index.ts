// A training step as ordinary ONNX files: whoever runs onnxruntime can train, without TensorFlow and without this package.
//   training-step.onnx     a batch and the state -> the losses and the state after one step of Adam
//   training-start.onnx    nothing -> the state to start from
//   training-encoder.onnx  observations and the state -> latents, as the exported encoder would give them
// The graph is the one that TensorFlow runs; the table of operations of graph models writes it.
import type { NamedArray } from '../../src/storage/safetensors.ts';
import type { Graph, GraphTensor } from '../../src/tensorflow/graph.ts';
import type { Networks } from '../../src/training/objective.ts';
import {
  buildTrainingGraph,
  type TrainingGraph,
  type TrainingGraphOptions,
  type TrainingStepShape,
} from '../../src/training/training-graph.ts';
import { buildOnnx } from '../build.ts';
import type { OnnxModel } from '../graph/graph.ts';
import { encodeModel } from '../graph/serialize.ts';
import type { ExportOptions } from '../options.ts';
import { graphModel } from '../tensorflow/index.ts';
import type { TensorFlowGraph } from '../tensorflow/node.ts';
import { probedBatchSizes, type SizedGraph, withAnyBatch } from './batch.ts';
import {
  describeTrainingStep,
  portDocs,
  type TrainingStartDescription,
  type TrainingStepDescription,
} from './description.ts';
import { buildTrainingState, flattenState, type TrainingState } from './flat-state.ts';
import { functionalGraph, type StateLayout } from './state.ts';

/** What is written beside the networks and the objective. */
export interface TrainingStepExportOptions
  extends TrainingGraphOptions,
    Pick<ExportOptions, 'opset' | 'metadata' | 'producer'> {
  /** The weights, averages and moments to start from, by name, as a checkpoint has them. Default: the networks' own, and no moments. */
  readonly values?: ReadonlyMap<string, NamedArray>;
  /** Steps that were done with these values. Default 0. */
  readonly stepsDone?: number;
  /** Whether the step is only for batches of the configuration's size. Default false: for batches of any size. */
  readonly hasFixedBatch?: boolean;
}

/** Three files, and what is said of them in their metadata. */
export interface TrainingStepExport {
  /** training-step.onnx; a function of configuration and networks' shapes alone, whatever their weights. */
  readonly step: Uint8Array;
  /** training-start.onnx */
  readonly start: Uint8Array;
  /** training-encoder.onnx */
  readonly encoder: Uint8Array;
  /** What training-step.json holds. */
  readonly description: TrainingStartDescription;
}

/**
 * Writes the training step of `networks`.
 * @returns the bytes of the files; the same configuration gives the same bytes of the step
 * @throws UnsupportedLayerError naming the operation that cannot be exported, JepaError naming a layer that cannot be trained
 */
export function exportTrainingStep(
  networks: Networks,
  shape: TrainingStepShape,
  options: TrainingStepExportOptions,
): TrainingStepExport {
  const { values, stepsDone = 0 } = options;
  const program = buildTrainingProgram(networks, shape, options);
  return {
    step: encodeModel(program.step),
    start: encodeModel(program.start(values ?? program.initial, stepsDone)),
    encoder: encodeModel(program.encoder()),
    description: { ...program.description, stepsDone },
  };
}

/** A training step as ONNX graphs, before they become bytes: what a backend of onnxruntime trains with. */
export interface TrainingProgram extends TrainingState {
  readonly step: OnnxModel;
  /** The encoder that is trained, with the flat weights as an input. */
  readonly encoder: () => OnnxModel;
  /** The encoder with J J' of its Jacobian beside the latents. */
  readonly jacobian: () => OnnxModel;
  /** The computation of these tensors of the training graph, `probe0` and so on, from a batch and the state. */
  readonly probe: (tensors: readonly GraphTensor[]) => OnnxModel;
  /** A model without inputs that gives the state to start from: these values after so many steps. */
  readonly start: (values: ReadonlyMap<string, NamedArray>, stepsDone: number) => OnnxModel;
  readonly description: TrainingStepDescription;
}

/** The output of `probe` that is its tensor number `index`. */
export const probeName = (index: number): string => `probe${index}`;

const RENAMED: Readonly<Record<string, string>> = {
  'adam/rate': 'rate',
  'sigreg/directions': 'directions',
  'inference/observations': 'observations',
};

/** The same as graphs; encoder and Jacobian are only written when they are asked for. Throws what `exportTrainingStep` throws. */
export function buildTrainingProgram(
  networks: Networks,
  shape: TrainingStepShape,
  options: TrainingStepExportOptions,
): TrainingProgram {
  const state = buildTrainingState(networks, shape, { ...options, isMeasured: true });
  const { built, layout, initial } = state;
  const { graph, inference } = built;
  if (inference === undefined) throw new Error('training step: expected its inference');
  const description = describeTrainingStep(layout, built, options);
  const write = (
    source: TensorFlowGraph,
    doc: string,
    inputShapes: SizedGraph['inputShapes'] = {},
    about: TrainingStepDescription = description,
  ): OnnxModel => {
    const ends = {
      name: source.name,
      facts: { layout: 'nhwc' as const, hasVolumes: false },
      inputs: source.inputs.map(({ key, type, shape }) => ({
        name: key,
        type,
        shape: (shape ?? []).map((size) => (size < 0 ? null : size)),
      })),
      outputs: source.outputs.map(({ key }) => key),
    };
    return buildOnnx(graphModel(source, ends), {
      ...(options.opset === undefined ? {} : { opset: options.opset }),
      ...(options.producer === undefined ? {} : { producer: options.producer }),
      layout: 'model',
      inputShapes,
      doc,
      portDocs: portDocs(built, options),
      metadata: { ...options.metadata, 'jepa_onnx.training_step': JSON.stringify(about) },
    });
  };
  const functional = (from: Graph, outputs: ReadonlyMap<string, string>, step?: string): TensorFlowGraph =>
    functionalGraph(from, { layout, fixed: initial, outputs, inputNames: RENAMED, ...(step ? { step } : {}) });
  const { latents, gram } = inference;
  /** The same graph for batches, and for observations of the encoder, of any number. */
  const probed = ([first, second, third]: typeof probedBatchSizes) => {
    const at = (size: number): TrainingGraph =>
      buildTrainingGraph(networks, shape, {
        ...options,
        optimization: { ...options.optimization, batchSize: size },
        isMeasured: true,
        measuredRows: size,
      });
    return [at(first), at(second), at(third)] as const;
  };
  let builds: ReturnType<typeof probed> | undefined;
  const sized = (make: (from: TrainingGraph) => TensorFlowGraph): SizedGraph => {
    if (options.hasFixedBatch) return { graph: make(built), inputShapes: {} };
    builds ??= probed(probedBatchSizes);
    const [first, second, third] = builds;
    return withAnyBatch([make(first), make(second), make(third)]);
  };
  const writeSized = (make: (from: TrainingGraph) => TensorFlowGraph, doc: string): OnnxModel => {
    const { graph, inputShapes } = sized(make);
    return write(graph, doc, inputShapes);
  };
  return {
    ...state,
    description,
    step: writeSized(
      (from) =>
        functional(
          from.graph,
          new Map([...from.losses].map(([name, tensor]) => [name, tensor.name])),
          from.result.name,
        ),
      'One step of training: a batch and the state to the losses and the next state.',
    ),
    encoder: () =>
      writeSized(
        (from) => functional(from.graph, new Map([['latent', from.inference?.latents.name ?? '']])),
        'The encoder that is trained, with the weights as an input: observations to latents.',
      ),
    jacobian: () =>
      write(
        functional(
          graph,
          new Map([
            ['latent', latents.name],
            ['gram', gram.name],
          ]),
        ),
        'The same, and the product of its Jacobian with its own transpose.',
      ),
    probe: (tensors) =>
      write(
        functional(graph, new Map(tensors.map(({ name }, i) => [probeName(i), name]))),
        'Tensors inside of a step, as they are before the weights change.',
      ),
    start: (values, stepsDone) => {
      const about: TrainingStartDescription = { ...description, stepsDone };
      return write(
        startGraph(layout, values),
        `The state of a training after ${stepsDone} steps: no inputs.`,
        {},
        about,
      );
    },
  };
}

/** A graph without inputs whose outputs are the state. */
function startGraph(layout: StateLayout, values: ReadonlyMap<string, NamedArray>): TensorFlowGraph {
  const flat = flattenState(layout, values);
  const keys = [...flat.keys()];
  return {
    name: 'training_start',
    nodes: new Map(
      keys.map((key) => [`start/${key}`, { name: `start/${key}`, operation: 'Const', inputs: [], attributes: {} }]),
    ),
    functions: new Map(),
    inputs: [],
    outputs: keys.map((key) => ({ key, tensor: `start/${key}:0` })),
    constant: (node) => {
      const data = flat.get(node.slice('start/'.length));
      return data && { type: 'float32', shape: [data.length], data };
    },
  };
}

export type { TrainingStartDescription, TrainingStepDescription } from './description.ts';
export {
  buildTrainingState,
  type FlatTensor,
  flatTensorsOf,
  flattenState,
  type TrainingState,
  unflattenState,
} from './flat-state.ts';
export { flatten, nextName, type StateLayout, type StateSlot, sizeOfSlots, stateNames } from './state.ts';

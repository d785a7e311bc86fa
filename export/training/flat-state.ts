// The state of a training as its files carry it, one flat tensor a kind, and as checkpoints name it: there and back.
import type { NamedArray } from '../../src/storage/safetensors.ts';
import { ADAM_SLOT_PREFIX } from '../../src/tensorflow/adam.ts';
import type { StepState } from '../../src/training/backend.ts';
import type { Networks } from '../../src/training/objective.ts';
import {
  buildTrainingGraph,
  initialValues,
  type TrainingGraph,
  type TrainingGraphOptions,
  type TrainingStepShape,
} from '../../src/training/training-graph.ts';
import { flatten, type StateLayout, type StateSlot, stateLayoutOf, stateNames, unflatten } from './state.ts';

/** A training graph, and where each of its variables lies in the flat tensors. */
export interface TrainingState {
  readonly built: TrainingGraph;
  readonly layout: StateLayout;
  /** The networks' own values, and no moments. */
  readonly initial: ReadonlyMap<string, NamedArray>;
}

/** Values of the flat tensors by their names: `weights`, `first_moment` and so on. */
export type FlatState = ReadonlyMap<string, Float32Array>;

/** A flat tensor of the state: its name, what lies in it, and how a checkpoint's names of that begin. */
export interface FlatTensor {
  readonly name: string;
  readonly slots: readonly StateSlot[];
  readonly prefix: string;
}

/** Builds the graph of a training, without writing it as ONNX. Throws what `exportTrainingStep` throws of layers. */
export function buildTrainingState(
  networks: Networks,
  shape: TrainingStepShape,
  options: TrainingGraphOptions,
): TrainingState {
  const built = buildTrainingGraph(networks, shape, options);
  return { built, layout: stateLayoutOf(built.graph, built.result.name), initial: initialValues(built) };
}

/** The flat tensors of a layout; `averages` is absent where nothing moves without being trained. */
export function flatTensorsOf({ weights, averages }: StateLayout): FlatTensor[] {
  const tensors: FlatTensor[] = [
    { name: stateNames.weights, slots: weights, prefix: '' },
    { name: stateNames.first, slots: weights, prefix: `${ADAM_SLOT_PREFIX}m/` },
    { name: stateNames.second, slots: weights, prefix: `${ADAM_SLOT_PREFIX}v/` },
    { name: stateNames.averages, slots: averages, prefix: '' },
  ];
  return tensors.filter(({ slots }) => slots.length > 0);
}

/** @throws FormatError where a value is missing or of another shape */
export function flattenState(layout: StateLayout, values: ReadonlyMap<string, NamedArray>): Map<string, Float32Array> {
  return new Map(flatTensorsOf(layout).map(({ name, slots, prefix }) => [name, flatten(slots, values, prefix)]));
}

/** Every variable by its name, each a copy; what never changes is as it was in the networks. */
export function unflattenState({ built, layout, initial }: TrainingState, flat: FlatState): StepState {
  const found = new Map<string, NamedArray>();
  for (const { name, slots, prefix } of flatTensorsOf(layout))
    for (const [variable, value] of unflatten(slots, flat.get(name) ?? new Float32Array(0), prefix))
      found.set(variable, value);
  const weights = new Map<string, NamedArray>();
  const optimizer = new Map<string, NamedArray>();
  for (const name of built.graph.variables.keys()) {
    const value = found.get(name) ?? initial.get(name);
    if (value) (name.startsWith(ADAM_SLOT_PREFIX) ? optimizer : weights).set(name, value);
  }
  return { weights, optimizer };
}

// Runs a finished graph: in TensorFlow's graph mode, where its optimizer fuses operations and independent ones run at
// the same time. The binding accepts graphs only as a SavedModel on disk, so one is written to a temporary folder.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError, JepaError } from '../error.ts';
import { elementCount } from '../shape.ts';
import type { NamedArray } from '../storage/safetensors.ts';
import { makeScratch, removeScratch } from '../storage/scratch.ts';
import { type TensorFlowBinding, tensorflowBinding } from './binding.ts';
import type { Graph, GraphTensor } from './graph.ts';
import { encodeSavedModel, SAVED_MODEL_TAG } from './saved-model.ts';

/** Values for placeholders, by placeholder name. The arrays must not change while `run` runs. */
export type Feeds = Readonly<Record<string, Float32Array | Int32Array | Uint8Array>>;

const ASSIGNED = 'variables/assigned';
const initialName = (variable: string) => `variables/initial/${variable}`;

/** A graph loaded into TensorFlow, with the values of its variables. Owns native memory: `dispose()` frees it. */
export class GraphSession {
  readonly #graph: Graph;
  readonly #binding: TensorFlowBinding;
  #id: number | undefined;

  /** Finishes `graph` (adds the nodes that set variables) and loads it. Variables are unset until `setVariables`. */
  constructor(graph: Graph) {
    this.#graph = graph;
    this.#binding = tensorflowBinding();
    addAssignments(graph);
    const folder = makeScratch('graph');
    try {
      writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(graph));
      this.#id = this.#binding.loadSavedModel(folder, SAVED_MODEL_TAG);
    } finally {
      removeScratch(folder);
    }
  }

  /** Runs what `fetches` depend on, and returns their values in order; int32 results come as float32. */
  run(feeds: Feeds, fetches: readonly GraphTensor[]): Float32Array[] {
    if (this.#id === undefined) throw new JepaError('graph session: expected an open session, got a disposed one');
    const names = Object.keys(feeds);
    const ids: number[] = [];
    try {
      for (const name of names) ids.push(this.#feed(name, feeds[name]));
      const inputNames = names.map((name) => `${name}:0`).join(',');
      const outputNames = fetches.map((fetch) => fetch.name).join(',');
      const outputs = this.#binding.runSavedModel(this.#id, ids, inputNames, outputNames);
      ids.push(...outputs.map((output) => output.id));
      return outputs.map(({ id }) => {
        const values = this.#binding.tensorDataSync(id);
        return values instanceof Float32Array ? values : Float32Array.from(values as Int32Array);
      });
    } finally {
      for (const id of ids) this.#binding.deleteTensor(id);
    }
  }

  /** Sets every variable; throws where one is missing or of another size. */
  setVariables(values: ReadonlyMap<string, NamedArray>): void {
    const feeds: Record<string, Float32Array> = {};
    for (const { name, shape } of this.#graph.variables.values()) {
      const value = values.get(name);
      if (!(value?.values instanceof Float32Array) || value.shape.join() !== shape.join())
        throw new FormatError(
          `variable ${name}: expected float32 of shape [${shape}], got ${value ? `[${value.shape}]` : 'nothing'}`,
        );
      feeds[initialName(name)] = value.values;
    }
    this.run(feeds, [{ name: `${ASSIGNED}:0`, type: 'float32', shape: [] }]);
  }

  /** Copies of all variables by name. */
  readVariables(): Map<string, NamedArray> {
    const variables = [...this.#graph.variables.values()];
    const values = this.run(
      {},
      variables.map((variable) => variable.value),
    );
    return new Map(variables.map(({ name, shape }, i) => [name, { shape, values: new Float32Array(values[i]) }]));
  }

  dispose(): void {
    if (this.#id !== undefined) this.#binding.deleteSavedModel(this.#id);
    this.#id = undefined;
  }

  #feed(name: string, values: Float32Array | Int32Array | Uint8Array): number {
    const placeholder = this.#graph.placeholders.get(name);
    if (!placeholder) throw new JepaError(`graph session: expected the name of a placeholder, got "${name}"`);
    if (values.length !== elementCount(placeholder.shape))
      throw new JepaError(`graph session: ${name}: expected shape [${placeholder.shape}], got ${values.length} values`);
    const { TF_FLOAT, TF_INT32, TF_UINT8 } = this.#binding;
    const type = { float32: TF_FLOAT, int32: TF_INT32, uint8: TF_UINT8, bool: TF_UINT8 }[placeholder.type];
    return this.#binding.createTensor(placeholder.shape, type, values);
  }
}

function addAssignments(graph: Graph): void {
  const dtype = { dtype: { type: 'float32' as const } };
  const assignments = [...graph.variables.values()].map(({ name, shape, handle }) => {
    const initial = graph.placeholder(initialName(name), 'float32', shape);
    // A fed tensor is JavaScript's own memory. Without a copy the variable would keep it, and the last reference would be
    // given back by one of TensorFlow's threads, where Node-API must not be called.
    const copy = graph.add('DeepCopy', [initial], { T: { type: 'float32' } }, [{ type: 'float32', shape }])[0];
    return graph.addEffect('AssignVariableOp', [handle, copy], dtype, { name: `variables/assign/${name}` });
  });
  const attributes = { T: { type: 'float32' as const } };
  graph.add('Identity', [graph.constant(0)], attributes, [{ type: 'float32', shape: [] }], {
    name: ASSIGNED,
    after: assignments,
  });
}

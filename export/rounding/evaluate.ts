// Runs one observation through a graph in float64 and bounds, at every value, how far any float32 runtime that keeps the hypotheses
// can be from it. The theorem and its proof in words: docs/certificate.md.
import { FormatError, JepaError } from '../../src/error.ts';
import { type Node, newestOpset, type OnnxModel } from '../graph/graph.ts';
import { anyOrder, flushed, type Hypotheses, largestFloat32, u64, upward } from './hypotheses.ts';
import { isWhole, type Outcome, type Use } from './row.ts';
import { rows } from './rows/index.ts';
import { boundFunctionals, type FunctionalBounds, type Step } from './tape.ts';
import { type Bounded, exactTensor, largestOf, tensorOfConstant } from './tensor.ts';

/** The assumptions under which rounding is bounded. */
export interface RoundingOptions {
  /** Default: any order of summation. */
  readonly hypotheses?: Hypotheses;
  /** The largest value whose radii are made sharper by going backwards from each of its elements. Default 4,096; 0: none. */
  readonly refined?: number;
}

/** One observation as every runtime is given it: numbers that are float32 or whole, without rounding. */
export interface ExactInput {
  readonly type: 'float32' | 'uint8';
  /** The first axis, the batch, is 1. */
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export interface RoundedNode {
  readonly node: string;
  readonly operator: string;
}

/** The exact outputs of one input, and bounds of what float32 may make of them. */
export interface RoundingEvaluation {
  /** What the reference computed for the first output. */
  readonly values: Float64Array;
  /** At most how far a runtime's number is from it, element by element. */
  readonly radius: Float64Array;
  /** The operators that round, in order. */
  readonly nodes: readonly RoundedNode[];
  /** Every value on the way, by name. */
  readonly tensors: ReadonlyMap<string, Pick<Bounded, 'values' | 'radius' | 'shape'>>;
  /** For linear functionals [rows, outputs] of the first output. `shares` are in the order of `nodes`. */
  bound(functionals: Float64Array, rows: number): FunctionalBounds;
}

/** An ONNX model whose rounding errors are bounded input by input. */
export interface RoundingModel {
  readonly where: string;
  /** Runs the graph on exact inputs in float64, with what bounds of its float32 errors need. @throws FormatError naming the node whose rounding is not bounded */
  evaluate(feeds: Readonly<Record<string, ExactInput>>): RoundingEvaluation;
}

/**
 * Above this part of a value's size its radii are worth a pass backwards from each of its elements: what bends is their square. Less
 * in transformers, where the square goes through exponentials.
 */
const ROUGH = 1e-2;
const ROUGH_IN_BLOCK = 1e-4;
/** Values up to this size are refined wherever they are rough; larger ones only in norms and where branches meet. */
const SMALL = 512;
const REFINED = 4096;
/** Before it, Softmax and Clip meant something else. */
const OLDEST_OPSET = 13;

/**
 * @param where the file, for messages
 * @throws FormatError naming the first node that is not covered: an operator without a row, half precision, quantisation, a subgraph
 */
export function openRounding(model: OnnxModel, where: string, options: RoundingOptions = {}): RoundingModel {
  const { graph } = model;
  if (model.opset < OLDEST_OPSET || model.opset > newestOpset)
    throw new FormatError(`${where}: expected opset ${OLDEST_OPSET} to ${newestOpset}, got ${model.opset}`, {
      remedy: "Convert it, for example with Python's onnx.version_converter.",
    });
  const hypotheses = options.hypotheses ?? anyOrder;
  const refined = options.refined ?? REFINED;
  let ids = 0;
  const constants = new Map<string, Bounded>();
  for (const [name, constant] of graph.constants) {
    refuseType(where, `initializer "${name}"`, constant.type);
    constants.set(name, tensorOfConstant(ids++, constant));
  }
  for (const node of graph.nodes) {
    if (node.domain !== '' || !rows.has(node.operator))
      throw new FormatError(
        `${where}: expected operators whose rounding is bounded here, got ${[node.domain, node.operator].filter(Boolean).join('.')} (node ${labelOf(node)})`,
        { remedy: 'docs/certificate.md lists them; `jepa evaluate` measures any graph.' },
      );
    for (const output of node.outputs) {
      const type = graph.types.get(output)?.type;
      if (type !== undefined) refuseType(where, `node ${labelOf(node)}`, type);
    }
  }
  const output = graph.outputs[0];
  const made = new WeakMap<Bounded, Map<string, unknown>>();
  const once = <Made>(of: Bounded, what: string, make: () => Made): Made => {
    const known = made.get(of) ?? new Map<string, unknown>();
    made.set(of, known);
    if (!known.has(what)) known.set(what, make());
    return known.get(what) as Made;
  };
  const uses = new Map<string, number>();
  for (const node of graph.nodes) for (const input of node.inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
  const mostUses = Math.max(1, ...uses.values());

  const evaluate = (feeds: Readonly<Record<string, ExactInput>>): RoundingEvaluation => {
    const tensors = new Map(constants);
    let id = ids;
    for (const { name } of graph.inputs) {
      if (constants.has(name)) continue;
      const feed = feeds[name];
      if (feed === undefined)
        throw new FormatError(`${where}: expected an input "${name}", got ${Object.keys(feeds).join(', ') || 'none'}`);
      tensors.set(name, exactTensor(id++, feed.type, feed.shape, Float64Array.from(feed.data)));
    }
    const steps: Step[] = [];
    // Mixing operators between a value and the last values before it whose radii are sharp.
    const depths = new Map<number, number>();

    const sharp = new Set<number>();

    const refine = (tensor: Bounded): boolean => {
      const size = tensor.values.length;
      const { radius } = tensor;
      if (radius === undefined) return false;
      const identity = new Float64Array(size * size);
      for (let i = 0; i < size; i++) identity[i * size + i] = 1;
      // Before the first sum over several numbers there is nothing to cancel: there the radii are as good as going on.
      const isEnd = ({ id: of }: Bounded): boolean => depths.get(of) === 0 && !sharp.has(of);
      const { bounds } = boundFunctionals(steps, tensor, identity, size, isEnd);
      for (let i = 0; i < size; i++) radius[i] = Math.min(radius[i], bounds[i]);
      return true;
    };

    const keep = (node: Node, index: number, outcome: Outcome, inputs: readonly (Bounded | undefined)[]): void => {
      const name = node.outputs[index];
      const { shape, values, type = 'float32' } = outcome;
      if (outcome.isExact) {
        tensors.set(name, exactTensor(id++, type, shape, values));
        return;
      }
      const largest = largestOf(values);
      const operands = inputs.reduce((sum, input) => sum + (input?.largest ?? 0), 1);
      const { spread, local, shared = [] } = outcome;
      const radius = new Float64Array(values.length);
      for (const { direction, groups, bounds } of shared)
        for (let i = 0; i < values.length; i++) radius[i] += Math.abs(direction[i]) * bounds[groups[i]];
      const slack = (outcome.terms + mostUses + 16) * u64;
      for (let i = 0; i < values.length; i++) {
        // A 0 that comes from zeros alone: nothing rounds it, nothing flushes it.
        if (values[i] === 0 && spread[i] === 0 && local[i] === 0 && radius[i] === 0) continue;
        local[i] = (local[i] + slack * (spread[i] + radius[i]) + flushed * operands) * upward;
        radius[i] = (spread[i] + radius[i] + local[i]) * upward;
        if (!(Math.abs(values[i]) + radius[i] + (outcome.mass?.[i] ?? 0) < largestFloat32))
          throw new JepaError(
            `${where}: expected numbers that stay within float32, got ${values[i]}, known to ${radius[i].toExponential(1)} (node ${labelOf(node)}, ${node.operator})`,
            { remedy: 'The errors that this operator may be given grow without end: nothing can be certified here.' },
          );
      }
      const tensor: Bounded = {
        id: id++,
        type,
        shape,
        values,
        radius,
        largest,
        mass: outcome.mass,
        addends: outcome.addends,
      };
      tensors.set(name, tensor);
      steps.push({
        node: labelOf(node),
        operator: node.operator,
        output: tensor,
        inputs,
        local,
        shared,
        pull: outcome.pull,
      });
      const before = inputs.reduce((most, input) => Math.max(most, depths.get(input?.id ?? -1) ?? 0), 0);
      const isSource = inputs.every((input) => input?.radius === undefined);
      const depth = isSource ? 0 : before + (outcome.isMixing ? 1 : 0);
      const isJoin = node.operator === 'Add' && inputs.filter((input) => input?.radius !== undefined).length === 2;
      // A norm whose input was refined is worth it too: what it feeds squares the radii.
      const isNorm =
        node.operator === 'LayerNormalization' && (before > 0 || inputs.some((input) => input && sharp.has(input.id)));
      const isWanted =
        (depth >= 2 || isNorm) &&
        values.length <= (isJoin || isNorm ? refined : Math.min(refined, SMALL)) &&
        name !== output.name;
      const isSharp = isWanted && roughness(tensor) > (isJoin || isNorm ? ROUGH_IN_BLOCK : ROUGH) && refine(tensor);
      if (isSharp) sharp.add(tensor.id);
      depths.set(tensor.id, isSharp ? 0 : depth);
    };

    for (const node of graph.nodes) {
      const inputs = node.inputs.map((name) => (name === '' ? undefined : tensors.get(name)));
      const fail = (expected: string, got: string): Error =>
        new JepaError(`${where}: expected ${expected}, got ${got} (node ${labelOf(node)}, ${node.operator})`);
      const input = (index: number): Bounded => {
        const tensor = inputs[index];
        if (tensor === undefined) throw fail(`an input ${index}`, 'none');
        return tensor;
      };
      const use: Use = { node, inputs, hypotheses, opset: model.opset, fail, input, once };
      const row = rows.get(node.operator);
      if (row === undefined) throw fail('an operator that is known here', node.operator);
      const outcomes = row(use);
      [outcomes].flat().forEach((outcome, index) => {
        keep(node, index, outcome, inputs);
      });
    }
    const result = tensors.get(output.name);
    if (result === undefined || isWhole(result.type))
      throw new FormatError(`${where}: expected a first output of float32, got ${result?.type ?? 'none'}`);
    return {
      values: result.values,
      radius: result.radius ?? new Float64Array(result.values.length),
      nodes: steps.map(({ node, operator }) => ({ node, operator })),
      tensors,
      bound: (functionals, count) => boundFunctionals(steps, result, functionals, count),
    };
  };
  return { where, evaluate };
}

/** Other exporters leave names out: then the output's. */
function labelOf({ name, outputs }: Node): string {
  return name === '' ? outputs[0] : name;
}

/** Radii as a part of the values. */
function roughness({ radius, values }: Bounded): number {
  if (radius === undefined) return 0;
  let [sum, size] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += radius[i];
    size += Math.abs(values[i]);
  }
  return sum / Math.max(size, Number.MIN_VALUE);
}

function refuseType(where: string, what: string, type: string): void {
  if (!['float16', 'bfloat16', 'float64'].includes(type)) return;
  const remedy =
    type === 'float64'
      ? 'The certificate is of float32.'
      : 'Sums in half precision are not bounded here: certify the float32 file, and measure this one with `jepa evaluate`.';
  throw new FormatError(`${where}: expected float32, got ${type} (${what})`, { remedy });
}

// A model with some of its units in 8 bits, in the QDQ form: QuantizeLinear and DequantizeLinear around what onnxruntime and
// TensorRT then compute in integers. A runtime that fuses nothing still computes the rounded values.

import { floatToHalf, largestHalf } from '../../src/half.ts';
import { type Constant, numbersOf, scalar } from '../graph/constant.ts';
import type { Node, OnnxModel, ValueType } from '../graph/graph.ts';
import { dataTypes } from '../schema/onnx.ts';
import { type ActivationScheme, activationScheme, biasScheme, type Range, weightScheme } from './scheme.ts';
import { biasNumbers, type Level, rootsOf, type Unit } from './unit.ts';

/** How a model is quantised. */
export interface QuantizeOptions {
  /** Of every unit by its name. Default of one that is not there: float. */
  readonly levels: ReadonlyMap<string, Level>;
  /** By value, of all that `calibratedValues` names and that are float32. */
  readonly ranges: ReadonlyMap<string, Range>;
  /** Bits of the weights. Default: 8. See `Int8Options`. */
  readonly weightBits?: 7 | 8;
  /** Zero points 0 and biases in float32, as TensorRT wants it. Default: zero points by range, biases in int32. */
  readonly isSymmetric?: boolean;
}

/** Whether all values around a unit were float32 on the samples; shapes are computed by the same operators. */
export function isCalibrated(unit: Unit, model: OnnxModel, ranges: ReadonlyMap<string, Range>): boolean {
  const rootOf = rootsOf(model);
  return [...unit.inputs, unit.output].every((value) => ranges.has(rootOf(value)));
}

/**
 * The model with its units in 8 bits, as `options` say of each, in the QDQ form.
 * @param model as `prepareForQuantization` leaves it
 * @param units of `quantizableUnits`
 */
export function quantizeModel(model: OnnxModel, units: readonly Unit[], options: QuantizeOptions): OnnxModel {
  return new Rewriting(model, units, options).finish();
}

class Rewriting {
  readonly #model: OnnxModel;
  readonly #options: QuantizeOptions;
  readonly #rootOf: (value: string) => string;
  readonly #byName: ReadonlyMap<string, Unit>;
  readonly #constants: Map<string, Constant>;
  readonly #types: Map<string, ValueType>;
  /** Values that are rounded, those of them whose every use is of the rounded ones. */
  readonly #rounded = new Set<string>();
  readonly #whole = new Set<string>();
  readonly #outputs: ReadonlySet<string>;
  /** Names of what is stored, by what it is. */
  readonly #stored = new Map<string, string>();
  readonly #shared = new Map<string, readonly [scale: string, zero: string]>();

  constructor(model: OnnxModel, units: readonly Unit[], options: QuantizeOptions) {
    this.#model = model;
    this.#options = options;
    this.#rootOf = rootsOf(model);
    this.#byName = new Map(units.map((unit) => [unit.name, unit]));
    this.#constants = new Map(model.graph.constants);
    this.#types = new Map(model.graph.types);
    this.#outputs = new Set(model.graph.outputs.map(({ name }) => name));
    const inEightBits = units.filter((unit) => this.#levelOf(unit) === 'int8');
    for (const { inputs, output, roundsOutput } of inEightBits) {
      for (const input of inputs) this.#rounded.add(input);
      if (!roundsOutput) continue;
      this.#rounded.add(output);
      this.#whole.add(output);
    }
  }

  finish(): OnnxModel {
    const { graph } = this.#model;
    const nodes: Node[] = graph.inputs.flatMap(({ name }) => this.#rounding(name, name));
    for (const node of graph.nodes) {
      const unit = this.#byName.get(node.name);
      const level = unit === undefined ? 'float' : this.#levelOf(unit);
      const rewritten = this.#node(node, unit, level, nodes);
      // What leaves the graph keeps its name, and is the rounded one.
      const renamed = rewritten.outputs.map((output) => (this.#isGivenRounded(output) ? `${output}/float` : output));
      nodes.push({ ...rewritten, outputs: renamed });
      node.outputs.forEach((output, i) => {
        if (renamed[i] !== output) this.#typeLike(renamed[i], output);
        nodes.push(...this.#rounding(output, renamed[i]));
      });
    }
    const used = new Set([...nodes.flatMap(({ inputs }) => inputs), ...this.#outputs]);
    const inner = innerNames(this.#model);
    const constants = [...this.#constants].filter(([name]) => used.has(name) || inner.has(name));
    return { ...this.#model, graph: { ...graph, nodes, constants: new Map(constants), types: this.#types } };
  }

  #levelOf(unit: Unit): Level {
    return this.#options.levels.get(unit.name) ?? 'float';
  }

  #schemeOf(value: string): ActivationScheme | undefined {
    const range = this.#options.ranges.get(this.#rootOf(value));
    return range && activationScheme(range, this.#options.isSymmetric);
  }

  /** The node with rounded inputs and an 8-bit weight as its level says; what stores the weight goes into `before`. */
  #node(node: Node, unit: Unit | undefined, level: Level, before: Node[]): Node {
    const inputs = node.inputs.map((input) => {
      const isRounded = this.#whole.has(input) || (level === 'int8' && unit?.inputs.includes(input));
      return isRounded ? this.#restored(input) : input;
    });
    if (unit?.weight === undefined || level === 'float') return { ...node, inputs };
    const weight = this.#constants.get(unit.weight.value);
    if (weight === undefined) return { ...node, inputs };
    if (level === 'half') {
      inputs[1] = this.#storeHalf(unit.weight.value, weight, before) ?? inputs[1];
      return { ...node, inputs };
    }
    const { axis } = unit.weight;
    const { isSymmetric = false } = this.#options;
    // Products of whole weights in float32 overflow nothing.
    const bits = level === 'int8' ? (this.#options.weightBits ?? 8) : 8;
    const scheme = level === 'int8' && !isSymmetric ? this.#schemeOf(unit.inputs[0]) : undefined;
    const bias = this.#constants.get(unit.bias ?? '');
    const numbers = bias && biasNumbers(bias, weight.shape[axis]);
    const beside = scheme && numbers ? { values: numbers, inputScale: scheme.scale } : undefined;
    const { scales, values } = weightScheme(weight, axis, { bits, bias: beside });
    const kept: Constant = { type: 'int8', shape: weight.shape, data: values };
    inputs[1] = this.#store(unit.weight.value, kept, scales, axis, before);
    if (beside) {
      const rounded = biasScheme(beside.values, beside.inputScale, scales);
      const integers: Constant = { type: 'int32', shape: [scales.length], data: rounded.values };
      inputs[2] = this.#store(`${node.name}/bias`, integers, rounded.scales, 0, before);
    }
    return { ...node, inputs };
  }

  #isGivenRounded(value: string): boolean {
    return this.#outputs.has(value) && this.#whole.has(value);
  }

  /** The name of a rounded value in float32. */
  #restored(value: string): string {
    return this.#isGivenRounded(value) ? value : `${value}/DequantizeLinear`;
  }

  /** A name of a constant that the file has not. */
  #fresh(name: string): string {
    let fresh = name;
    for (let i = 1; this.#constants.has(fresh) || this.#types.has(fresh); i++) fresh = `${name}_${i}`;
    return fresh;
  }

  /** An integer constant and its DequantizeLinear, once for all that share it. @returns the float value's name */
  #store(name: string, integers: Constant, scales: Float32Array, axis: number, before: Node[]): string {
    const key = `${name} ${axis} ${scales.join()}`;
    const known = this.#stored.get(key);
    if (known !== undefined) return known;
    const values = this.#fresh(`${name}/quantized`);
    this.#constants.set(values, integers);
    const scale = this.#fresh(`${name}/scale`);
    this.#constants.set(scale, { type: 'float32', shape: [scales.length], data: scales });
    const zero = this.#fresh(`${name}/zero`);
    const zeros = integers.type === 'int8' ? new Int8Array(scales.length) : new Int32Array(scales.length);
    this.#constants.set(zero, { type: integers.type, shape: [scales.length], data: zeros });
    const output = this.#fresh(`${name}/DequantizeLinear`);
    this.#types.set(output, { type: 'float32', shape: integers.shape });
    this.#stored.set(key, output);
    before.push({
      name: output,
      operator: 'DequantizeLinear',
      domain: '',
      inputs: [values, scale, zero],
      outputs: [output],
      attributes: { axis: { type: 'int', value: axis } },
    });
    return output;
  }

  /** A weight in half precision and its Cast, which runtimes do once; undefined where a number is beyond it. */
  #storeHalf(name: string, weight: Constant, before: Node[]): string | undefined {
    const key = `${name} half`;
    const known = this.#stored.get(key);
    if (known !== undefined) return known;
    const numbers = numbersOf(weight);
    if (numbers.some((number) => Math.abs(number) > largestHalf)) return undefined;
    const halves = this.#fresh(`${name}/half`);
    this.#constants.set(halves, { type: 'float16', shape: weight.shape, data: Uint16Array.from(numbers, floatToHalf) });
    const output = this.#fresh(`${name}/Cast`);
    this.#types.set(output, { type: 'float32', shape: weight.shape });
    this.#stored.set(key, output);
    before.push({
      name: output,
      operator: 'Cast',
      domain: '',
      inputs: [halves],
      outputs: [output],
      attributes: { to: { type: 'int', value: dataTypes.float32 } },
    });
    return output;
  }

  /** Scale and zero point of all values that share a root. */
  #around(value: string, { scale, zero }: ActivationScheme): readonly [scale: string, zero: string] {
    const root = this.#rootOf(value);
    const known = this.#shared.get(root);
    if (known !== undefined) return known;
    const names = [this.#fresh(`${root}/scale`), this.#fresh(`${root}/zero`)] as const;
    this.#shared.set(root, names);
    this.#constants.set(names[0], scalar(scale));
    this.#constants.set(names[1], { type: 'int8', shape: [], data: Int8Array.of(zero) });
    return names;
  }

  /** QuantizeLinear and DequantizeLinear behind a value that is found under the name `source`, where it is rounded. */
  #rounding(value: string, source: string): Node[] {
    const scheme = this.#rounded.has(value) ? this.#schemeOf(value) : undefined;
    if (scheme === undefined) return [];
    const around = this.#around(value, scheme);
    const [codes, restored] = [`${value}/QuantizeLinear`, this.#restored(value)];
    const type = this.#types.get(value);
    if (type !== undefined) {
      this.#types.set(codes, { type: 'int8', shape: type.shape });
      this.#types.set(restored, { type: type.type, shape: type.shape });
    }
    const make = (operator: string, input: string, output: string): Node => ({
      name: `${value}/${operator}`,
      operator,
      domain: '',
      inputs: [input, ...around],
      outputs: [output],
      attributes: {},
    });
    return [make('QuantizeLinear', source, codes), make('DequantizeLinear', codes, restored)];
  }

  #typeLike(name: string, like: string): void {
    const type = this.#types.get(like);
    if (type !== undefined) this.#types.set(name, type);
  }
}

/** Names that graphs inside of nodes use. */
function innerNames({ graph }: OnnxModel): Set<string> {
  const names = new Set<string>();
  const visit = (nodes: readonly Node[], isInner: boolean): void => {
    for (const node of nodes) {
      if (isInner) for (const input of node.inputs) names.add(input);
      for (const attribute of Object.values(node.attributes))
        if (attribute.type === 'graph') {
          for (const { name } of attribute.value.outputs) names.add(name);
          visit(attribute.value.nodes, true);
        }
    }
  };
  visit(graph.nodes, false);
  return names;
}

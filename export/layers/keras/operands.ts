// The arguments of a function of keras.ops: by its signature, tensors and plain numbers alike, in one element type.
import { type Constant, floats } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import type { TensorType } from '../../graph/type.ts';
import type { Argument, LayerContext, LayerConverter } from '../converter.ts';

/** The arguments of this call under the names of the signature. An argument that it does not have is refused by name. */
export function operandsOf(layer: LayerContext, signature: readonly string[]): ReadonlyMap<string, Argument> {
  const { positional, named } = layer.arguments;
  const found = new Map<string, Argument>();
  for (const [i, argument] of positional.entries()) {
    if (signature[i] === undefined) throw unknownArgument(layer, `argument ${i + 1}`, argument);
    found.set(signature[i], argument);
  }
  for (const [name, argument] of named) {
    if (!signature.includes(name)) throw unknownArgument(layer, name, argument);
    found.set(name, argument);
  }
  return found;
}

function unknownArgument(layer: LayerContext, name: string, argument: Argument): Error {
  const shown = argument.kind === 'plain' ? JSON.stringify(argument.value).slice(0, 60) : `a ${argument.kind}`;
  return layer.unsupported(`${name} = ${shown}`, 'Write the function without this argument.');
}

/** The tensor or number of this name as a value. Integers stay integers beside integers. */
export function tensorFrom(
  layer: LayerContext,
  name: string,
  argument: Argument | undefined,
  like?: TensorType,
): Value {
  if (argument?.kind === 'tensor') return argument.value;
  const array = argument && arrayOf(argument);
  if (array === undefined)
    throw layer.unsupported(
      `${name} = ${argument?.kind === 'plain' ? JSON.stringify(argument.value).slice(0, 60) : 'what is neither a tensor nor numbers'}`,
      'Give it as a tensor or as numbers.',
    );
  const value = layer.graph.constant(name, floats(array.shape, array.values));
  const isWhole = array.values.every((each) => Number.isInteger(each));
  return like !== undefined && isWhole && like !== 'bool' ? layer.graph.cast(value, like) : value;
}

/** Nested lists of numbers with their shape. */
function arrayOf(argument: Argument): { shape: number[]; values: number[] } | undefined {
  if (argument.kind === 'plain') return nestedArray(argument.value);
  if (argument.kind === 'tensor') return undefined;
  return stacked(argument.items.map(arrayOf));
}

export function nestedArray(value: unknown): { shape: number[]; values: number[] } | undefined {
  if (typeof value === 'number') return { shape: [], values: [value] };
  if (typeof value === 'boolean') return { shape: [], values: [value ? 1 : 0] };
  return Array.isArray(value) ? stacked(value.map(nestedArray)) : undefined;
}

function stacked(parts: readonly ({ shape: number[]; values: number[] } | undefined)[]) {
  const whole = parts.filter((part) => part !== undefined);
  if (whole.length !== parts.length || whole.length === 0) return undefined;
  if (whole.some((part) => part.shape.join() !== whole[0].shape.join())) return undefined;
  return { shape: [whole.length, ...whole[0].shape], values: whole.flatMap((part) => part.values) };
}

/** Numbers, nested or not, as a constant; for options such as a mean for each channel. */
export function constantOf(value: unknown): Constant | undefined {
  const array = nestedArray(value);
  return array && floats(array.shape, array.values);
}

export function isFloat(value: Value): boolean {
  return value.type === 'float32' || value.type === 'float16';
}

/** Two operands in one type: floats win over integers, wider integers over narrower ones, all over truth values. */
export function pairOf(layer: LayerContext, signature: readonly [string, string]): [Value, Value] {
  const operands = operandsOf(layer, signature);
  const given = signature.map((name) => operands.get(name));
  const tensors = given.flatMap((each) => (each?.kind === 'tensor' ? [each.value] : []));
  const like = tensors[0]?.type;
  const [a, b] = signature.map((name, i) => tensorFrom(layer, name, given[i], like));
  const type = commonType(a.type, b.type);
  return [layer.graph.cast(a, type), layer.graph.cast(b, type)];
}

const typeOrder: readonly TensorType[] = ['bool', 'uint8', 'int32', 'int64', 'float16', 'float32'];

export function commonType(a: TensorType, b: TensorType): TensorType {
  return typeOrder.indexOf(a) >= typeOrder.indexOf(b) ? a : b;
}

/** The one tensor of a function of one argument. */
export function operandOf(layer: LayerContext, name = 'x'): Value {
  return tensorFrom(layer, name, operandsOf(layer, [name]).get(name));
}

/** The tensors of a list argument. */
export function listOf(layer: LayerContext, name: string): Value[] {
  const argument = operandsOf(layer, [name]).get(name);
  if (argument?.kind === 'list') return argument.items.map((item) => tensorFrom(layer, name, item));
  return [tensorFrom(layer, name, argument)];
}

/** An axis counted from the front. */
export function axisOf(layer: LayerContext, axis: unknown, rank: number): number {
  if (typeof axis !== 'number' || !Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw layer.unsupported(`axis ${JSON.stringify(axis)} of a tensor of rank ${rank}`, 'Give an axis of the tensor.');
  return axis < 0 ? axis + rank : axis;
}

/** The option `axis`: one, several, or all where there is none. */
export function axesOf(layer: LayerContext, rank: number): number[] {
  const given = layer.config.value('axis');
  if (given === undefined) return Array.from({ length: rank }, (_, i) => i);
  return (Array.isArray(given) ? given : [given]).map((axis) => axisOf(layer, axis, rank));
}

/** A function of keras.ops. */
export function operation(
  operators: string,
  convert: LayerConverter['convert'],
  extra: { readonly options?: string; readonly refused?: string; readonly notes?: string } = {},
): LayerConverter {
  return { masking: 'drop', takesPositional: true, convert, documentation: { operators, ...extra } };
}

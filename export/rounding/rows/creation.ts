// Operators whose outputs are known exactly: constants, shapes, ranges, and numbers that another type holds as they are.
import { numbersOf, sizeOf } from '../../graph/constant.ts';
import { intAttribute } from '../../graph/graph.ts';
import type { TensorType } from '../../graph/type.ts';
import { typeOfNumber } from '../element-type.ts';
import { exactOutcome, isWhole, type Row } from '../row.ts';
import { copy } from './arithmetic.ts';

const shapeOf: Row = (use) => {
  const { shape } = use.input(0);
  const part = shape.slice(intAttribute(use.node, 'start', 0), intAttribute(use.node, 'end', shape.length));
  return exactOutcome('int64', [part.length], Float64Array.from(part));
};

const filled: Row = (use) => {
  const attribute = use.node.attributes.value;
  const constant = attribute?.type === 'tensor' ? attribute.value : undefined;
  const shape = Array.from(use.input(0).values);
  const value = constant ? numbersOf(constant)[0] : 0;
  return exactOutcome(constant?.type ?? 'float32', shape, new Float64Array(sizeOf(shape)).fill(value));
};

const constant: Row = (use) => {
  const { value, value_float: single, value_int: whole, value_ints: list, value_floats: numbers } = use.node.attributes;
  if (value?.type === 'tensor') {
    const { type, shape, data } = value.value;
    return exactOutcome(
      type,
      shape,
      data instanceof Float32Array ? Float64Array.from(data) : Float64Array.from(numbersOf(value.value)),
    );
  }
  if (single?.type === 'float') return exactOutcome('float32', [], Float64Array.of(single.value));
  if (whole?.type === 'int') return exactOutcome('int64', [], Float64Array.of(whole.value));
  if (list?.type === 'ints') return exactOutcome('int64', [list.value.length], Float64Array.from(list.value));
  if (numbers?.type === 'floats')
    return exactOutcome('float32', [numbers.value.length], Float64Array.from(numbers.value));
  throw use.fail('a constant of numbers', 'another kind');
};

const range: Row = (use) => {
  const [start, limit, step] = [0, 1, 2].map((index) => use.input(index).values[0]);
  if (!isWhole(use.input(0).type)) throw use.fail('whole numbers', use.input(0).type);
  const count = Math.max(0, Math.ceil((limit - start) / step));
  return exactOutcome(
    use.input(0).type,
    [count],
    Float64Array.from({ length: count }, (_, i) => start + i * step),
  );
};

/** Whole numbers of 24 bits at most are exact as float32; nothing else changes its type here. */
const cast: Row = (use) => {
  const x = use.input(0);
  const to: TensorType | undefined = typeOfNumber(intAttribute(use.node, 'to', 0));
  if (to === x.type) return copy(x);
  if (to === 'float32' && isWhole(x.type) && x.largest <= 2 ** 24) return exactOutcome(to, x.shape, x.values);
  if (to !== undefined && isWhole(to) && x.radius === undefined)
    return exactOutcome(to, x.shape, to === 'bool' ? x.values.map((v) => Number(v !== 0)) : x.values.map(Math.trunc));
  throw use.fail('a cast of whole numbers', `${x.type} to ${to ?? 'a type that is not known here'}`);
};

export const creationRows: Readonly<Record<string, Row>> = {
  Shape: shapeOf,
  ConstantOfShape: filled,
  Constant: constant,
  Range: range,
  Cast: cast,
};

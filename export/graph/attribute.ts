// Attributes as converters write them, given the type that the operator's table says.
import { JepaError } from '../../src/error.ts';
import { operators } from '../operators/index.ts';
import type { Constant } from './constant.ts';
import type { Attribute, Attributes, Graph } from './graph.ts';

/** An attribute as converters write it; its ONNX type is looked up in the operator's table. */
export type PlainAttribute = number | string | readonly number[] | readonly string[] | Constant | Graph | undefined;

/** Throws JepaError where the operator has no such attribute, or one of another type. */
export function typedAttributes(
  node: string,
  operator: string,
  plain: Readonly<Record<string, PlainAttribute>>,
): Attributes {
  const specs = operators.get(operator)?.attributes ?? {};
  const entries = Object.entries(plain).flatMap(([name, value]): [string, Attribute][] => {
    if (value === undefined) return [];
    const spec = specs[name];
    const attribute = spec && typedAttribute(spec.type, value);
    if (attribute === undefined) throw new JepaError(`node ${node}: expected an attribute of ${operator}, got ${name}`);
    return [[name, attribute]];
  });
  return Object.fromEntries(entries);
}

function typedAttribute(type: Attribute['type'], value: PlainAttribute): Attribute | undefined {
  if (typeof value === 'number') return type === 'int' || type === 'float' ? { type, value } : undefined;
  if (typeof value === 'string') return type === 'string' ? { type, value } : undefined;
  if (isList(value)) {
    if (type === 'strings') return { type, value: value.map(String) };
    return type === 'ints' || type === 'floats' ? { type, value: value.map(Number) } : undefined;
  }
  if (value === undefined) return undefined;
  if ('nodes' in value) return type === 'graph' ? { type, value } : undefined;
  return type === 'tensor' ? { type, value } : undefined;
}

function isList(value: PlainAttribute): value is readonly number[] | readonly string[] {
  return Array.isArray(value);
}

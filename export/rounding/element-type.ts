// The element type that a number in a file stands for.
import type { TensorType } from '../graph/type.ts';
import { dataTypes } from '../schema/onnx.ts';

const names = new Map<number, TensorType>(
  Object.entries(dataTypes).map(([name, number]) => [number, name as TensorType]),
);

export function typeOfNumber(number: number): TensorType | undefined {
  return names.get(number);
}

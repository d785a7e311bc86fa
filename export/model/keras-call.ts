// The calls that Keras 3 writes: {args, kwargs} with tensors among plain values. Nothing in them is dropped: what is no tensor,
// no mask and no switch of training stays an argument, which the converter of the layer must know.
import { FormatError } from '../../src/error.ts';
import { isObject } from './config.ts';
import type { CallArgument, CallArguments } from './description.ts';

/** A call before its references are looked up: each as it stands in the file, [layer, call, tensor]. */
export interface KerasCall {
  readonly inputs: readonly unknown[];
  readonly masks: readonly unknown[] | undefined;
  readonly arguments: CallArguments;
}

/** Arguments that mean nothing at inference. */
const trainingArguments = new Set(['training']);

/**
 * @param node one of a layer's `inboundNodes`, its keys in camelCase
 * @param isOperation whether it is a function (keras.ops), to which a tensor called mask is a tensor like others
 */
export function kerasCall(node: unknown, isOperation: boolean, where: string): KerasCall {
  if (!isObject(node)) throw new FormatError(`${where}: expected a call {args, kwargs}, got ${JSON.stringify(node)}`);
  const inputs: unknown[] = [];
  const argumentOf = (value: unknown): CallArgument => {
    const history = historyOf(value);
    if (history !== undefined) return { kind: 'tensor', tensor: inputs.push(history) - 1 };
    if (Array.isArray(value)) return { kind: 'list', items: value.map(argumentOf) };
    return { kind: 'plain', value: plainOf(value, where) };
  };
  const positional = (Array.isArray(node.args) ? node.args : []).map(argumentOf);
  const named = new Map<string, CallArgument>();
  let masks: unknown[] | undefined;
  for (const [name, value] of Object.entries(isObject(node.kwargs) ? node.kwargs : {})) {
    if (trainingArguments.has(name)) continue;
    if (name === 'mask' && !isOperation) masks = masksOf(value, where);
    else named.set(name, argumentOf(value));
  }
  return { inputs, masks, arguments: { positional, named } };
}

function masksOf(value: unknown, where: string): unknown[] | undefined {
  if (value === null || value === undefined) return undefined;
  const list = historyOf(value) === undefined && Array.isArray(value) ? value : [value];
  return list.map((mask) => {
    if (mask === null) return undefined;
    const history = historyOf(mask);
    if (history === undefined)
      throw new FormatError(`${where}: expected a tensor as mask, got ${JSON.stringify(mask).slice(0, 80)}`);
    return history;
  });
}

/** [layer, call, tensor] of a serialised tensor. */
function historyOf(value: unknown): unknown {
  if (!isObject(value) || !isObject(value.config)) return undefined;
  return Array.isArray(value.config.kerasHistory) ? value.config.kerasHistory : undefined;
}

/** A constant as Keras serialises it: numpy arrays and scalars are objects with the value inside. */
function plainOf(value: unknown, where: string): unknown {
  if (!isObject(value)) return value;
  if ((value.className === '__numpy__' || value.className === '__tensor__') && isObject(value.config))
    return value.config.value;
  if (value.className === '__slice__' && isObject(value.config)) return { slice: value.config };
  if (value.className === '__ellipsis__') return { ellipsis: true };
  // Whatever else: the converter refuses it by what it is.
  return typeof value.className === 'string' ? { unknown: value.className } : sortedOf(value, where);
}

function sortedOf(value: Readonly<Record<string, unknown>>, where: string): unknown {
  if (JSON.stringify(value).includes('kerasHistory'))
    throw new FormatError(`${where}: expected tensors in lists, got some in a dictionary`, {
      remedy: 'Call the layer with a list of tensors.',
    });
  return value;
}

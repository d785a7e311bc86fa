// The arguments of a layer's call: tensors become values of the graph, and what no converter knows is refused.
import type { Value } from './graph/graph.ts';
import {
  type Argument,
  type LayerConverter,
  type ResolvedArguments,
  UnsupportedLayerError,
} from './layers/converter.ts';
import type { CallArgument, CallArguments, LayerDescription } from './model/description.ts';

/** Of a call that has tensors alone. */
export const noArguments: ResolvedArguments = { positional: [], named: new Map() };

/** The arguments of a call with its tensors' values. */
export function resolved(given: CallArguments | undefined, values: readonly Value[]): ResolvedArguments {
  if (given === undefined) return noArguments;
  const resolve = (argument: CallArgument): Argument => {
    if (argument.kind === 'tensor') return { kind: 'tensor', value: values[argument.tensor] };
    if (argument.kind === 'list') return { kind: 'list', items: argument.items.map(resolve) };
    return argument;
  };
  return {
    positional: given.positional.map(resolve),
    named: new Map([...given.named].map(([name, argument]) => [name, resolve(argument)])),
  };
}

/** Refuses arguments that the converter does not know: a number among the tensors, an option of the call. */
export function expectKnownArguments(
  layer: LayerDescription,
  converter: LayerConverter,
  given: ResolvedArguments,
): void {
  const isNothing = (argument: Argument): boolean =>
    argument.kind === 'plain' ? argument.value === null || argument.value === false : isTensors(argument);
  const refuse = (name: string, argument: Argument): UnsupportedLayerError => {
    const plain = argument.kind === 'plain' ? JSON.stringify(argument.value).slice(0, 60) : undefined;
    const shown = plain ?? (isTensors(argument) ? 'a tensor' : 'a list with numbers');
    return new UnsupportedLayerError(
      `${layer.config.where}: expected a call with arguments that the export knows, got ${name} = ${shown}`,
      { remedy: 'Take the argument out of the call, or give it as a tensor.' },
    );
  };
  // A function's signature checks its arguments itself.
  if (converter.takesPositional) return;
  for (const [i, argument] of given.positional.entries())
    if (!isNothing(argument)) throw refuse(`argument ${i + 1}`, argument);
  for (const [name, argument] of given.named) {
    if (converter.callArguments?.includes(name) || inputArguments.has(name)) continue;
    if (argument.kind !== 'plain' || !isNothing(argument)) throw refuse(name, argument);
  }
}

/** What Keras' layers call their tensors. */
const inputArguments = new Set(['inputs', 'input', 'x', 'sequences', 'sequence']);

function isTensors(argument: Argument): boolean {
  return argument.kind === 'tensor' || (argument.kind === 'list' && argument.items.every(isTensors));
}

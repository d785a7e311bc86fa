// Control flow: a graph for each branch of a condition, and a graph that is run again and again.
import { isEqual, unknownDimension } from '../graph/dimension.ts';
import { describeType, type ValueType } from '../graph/type.ts';
import { type Operator, required } from './operator.ts';

/** What two ways to compute a value have in common: a size that differs is only known at run time. */
function common(a: ValueType, b: ValueType): ValueType | undefined {
  if (a.type !== b.type || a.shape.length !== b.shape.length) return undefined;
  return { type: a.type, shape: a.shape.map((size, i) => (isEqual(size, b.shape[i]) ? size : unknownDimension)) };
}

export const control = {
  If: {
    since: 17,
    inputs: [1, 1],
    outputs: [1, Number.POSITIVE_INFINITY],
    attributes: { then_branch: required({ type: 'graph' }), else_branch: required({ type: 'graph' }) },
    infer: (call) => {
      if (call.input(0).type !== 'bool') throw call.fail('a bool condition', call.input(0).type);
      const [yes, no] = ['then_branch', 'else_branch'].map((name) => call.inferGraph(call.graph(name), []));
      if (yes.length !== call.outputCount || no.length !== call.outputCount)
        throw call.fail(`${call.outputCount} outputs of each branch`, `${yes.length} and ${no.length}`);
      return yes.map((type, i) => {
        const result = common(type, no[i]);
        if (result === undefined)
          throw call.fail(`output ${i} alike in both branches`, `${describeType(type)} and ${describeType(no[i])}`);
        return result;
      });
    },
  },
  Loop: {
    since: 17,
    inputs: [2, Number.POSITIVE_INFINITY],
    outputs: [1, Number.POSITIVE_INFINITY],
    attributes: { body: required({ type: 'graph' }) },
    infer: (call) => {
      const body = call.graph('body');
      const states = call.types.slice(2).map((_, i) => call.input(i + 2));
      const inner: ValueType[] = [
        { type: 'int64', shape: [] },
        { type: 'bool', shape: [] },
        // What the body declares: a state may change its sizes from one turn to the next.
        ...states.map((state, i) => {
          const declared = body.inputs[i + 2];
          const wide = declared && common(state, { type: declared.type, shape: declared.shape });
          if (wide === undefined) throw call.fail(`state ${i} as the body declares it`, describeType(state));
          return { type: declared.type, shape: declared.shape };
        }),
      ];
      const results = call.inferGraph(body, inner).slice(1);
      if (results.length !== call.outputCount)
        throw call.fail(`${results.length} outputs, as many as the body has`, String(call.outputCount));
      return results.map((result, i) => {
        if (i >= states.length) return { type: result.type, shape: [unknownDimension, ...result.shape] };
        const state = common(states[i], result);
        if (state === undefined)
          throw call.fail(`state ${i} to keep its type ${describeType(states[i])}`, describeType(result));
        return state;
      });
    },
  },
} as const satisfies Record<string, Operator>;

// Conditions and loops of TensorFlow 2: operations that call functions of the graph. Those of TensorFlow 1 (Switch, Merge,
// Enter, Exit) are patterns of several nodes: control-flow.ts.
import type { GraphBuilder } from '../../graph/builder.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { convertLoop } from '../loop.ts';
import { parseReference, type TensorFlowFunction } from '../node.ts';
import type { Flow, NodeContext, Operation } from '../operation.ts';
import { tensorOf } from '../scope.ts';

/** A scalar bool, from whatever TensorFlow takes for a condition. */
export function asCondition(graph: GraphBuilder, value: Value): Value {
  const condition = graph.cast(value, 'bool');
  return condition.shape.length === 0 ? condition : graph.reshapeTo(condition, [], []);
}

const flowsFrom = (node: NodeContext, start: number): Flow[] =>
  Array.from({ length: node.inputCount - start }, (_, i) => node.flow(start + i));

const condition: Operation = {
  convert: (node) => {
    const { graph, around } = node;
    const flows = flowsFrom(node, 1);
    const decided = node.constant(0);
    if (decided) {
      const taken = node.function(Number(decided.data[0]) === 0 ? 'else_branch' : 'then_branch');
      return around.call(taken, flows, graph);
    }
    const branch = (name: string): Graph =>
      graph.subgraph(name, [], (inner) => {
        const called = node.function(name);
        return around.call(called, flows, inner).map((flow, i) => tensorOf(inner, flow, called.outputs[i]));
      });
    const branches = { then_branch: branch('then_branch'), else_branch: branch('else_branch') };
    return graph.nodes('If', [asCondition(graph, node.input(0))], branches, branches.then_branch.outputs.length);
  },
  documentation: { operators: 'If; one branch alone where the condition is known' },
};

/** Whether a function gives back an argument as it was. */
function isUnchanged(called: TensorFlowFunction, index: number): boolean {
  let { node: name } = parseReference(called.outputs[index]);
  for (let node = called.nodes.get(name); node?.operation === 'Identity'; node = called.nodes.get(name))
    name = parseReference(node.inputs[0]).node;
  return name === called.inputs[index];
}

const loop: Operation = {
  convert: (node) => {
    const { graph, around } = node;
    const [test, body] = [node.function('cond'), node.function('body')];
    const all = flowsFrom(node, 0);
    // Weights are handed round the loop as variables that never change: they stay outside.
    const isVariable = all.map((_, i) => !isUnchanged(body, i));
    const merged = (variables: readonly Flow[]): Flow[] => {
      const rest = [...variables];
      return all.map((flow, i) => (isVariable[i] ? (rest.shift() ?? flow) : flow));
    };
    const ends = convertLoop({
      graph,
      starts: all.filter((_, i) => isVariable[i]),
      turn: (inner, variables) => around.call(body, merged(variables), inner).filter((_, i) => isVariable[i]),
      test: (inner, variables) =>
        asCondition(inner, tensorOf(inner, around.call(test, merged(variables), inner)[0], test.outputs[0])),
      tensorOf: (inner, flow) => tensorOf(inner, flow, node.node.name),
    });
    return merged(ends.map((value) => ({ value })));
  },
  documentation: { operators: 'Loop', notes: 'What a loop carries keeps its type and rank; its sizes may change.' },
};

export const control = {
  If: condition,
  StatelessIf: condition,
  While: loop,
  StatelessWhile: loop,
} as const satisfies Record<string, Operation>;

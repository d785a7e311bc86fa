// Conditions and loops of TensorFlow 2: operations that call functions of the graph. Those of TensorFlow 1 (Switch, Merge,
// Enter, Exit) are patterns of several nodes: control-flow.ts.
import type { GraphBuilder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { Operation } from '../operation.ts';

/** A scalar bool, from whatever TensorFlow takes for a condition. */
export function asCondition(graph: GraphBuilder, value: Value): Value {
  const condition = graph.cast(value, 'bool');
  return condition.shape.length === 0 ? condition : graph.reshapeTo(condition, [], []);
}

const condition: Operation = {
  convert: (node) => {
    const flows = Array.from({ length: node.inputCount - 1 }, (_, i) => ({ outer: node.flow(i + 1) }));
    const branch = (name: string) => node.around.subgraph(name, node.function(name), flows);
    const [yes, no] = [branch('then_branch'), branch('else_branch')];
    return node.graph.nodes(
      'If',
      [asCondition(node.graph, node.input(0))],
      { then_branch: yes, else_branch: no },
      yes.outputs.length,
    );
  },
  documentation: { operators: 'If' },
};

const loop: Operation = {
  convert: (node) => {
    const { graph, around } = node;
    const states = node.inputs();
    const [test, body] = [node.function('cond'), node.function('body')];
    const first = graph.node('Identity', [
      around.call(
        test,
        states.map((value) => ({ value })),
        graph,
      )[0],
    ]);
    const names = states.map((_, i) => `state_${i}`);
    const before = [
      { name: 'iteration', type: { type: 'int64' as const, shape: [] } },
      { name: 'goes_on', type: { type: 'bool' as const, shape: [] } },
    ];
    const inside = around.subgraph(
      'body',
      body,
      states.map((type, i) => ({ name: names[i], type: { ...type, shape: type.shape, name: names[i] } })),
      {
        before,
        finish: (inner, outputs) => {
          const [again] = around.call(
            test,
            outputs.map((value) => ({ value })),
            inner,
          );
          return [inner.node('Identity', [asCondition(inner, again)]), ...outputs];
        },
      },
    );
    return graph.nodes('Loop', [undefined, asCondition(graph, first), ...states], { body: inside }, states.length);
  },
  documentation: { operators: 'Loop', notes: 'Shapes of what the loop carries must not change.' },
};

export const control = {
  If: condition,
  StatelessIf: condition,
  While: loop,
  StatelessWhile: loop,
} as const satisfies Record<string, Operation>;

// TensorFlow 1's conditions and loops as ONNX's If and Loop.
import type { GraphBuilder } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import { convertLoop } from './loop.ts';
import type { TensorFlowNode } from './node.ts';
import type { Flow } from './operation.ts';
import { asCondition } from './operations/control.ts';
import { type Evaluator, type Scope, tensorOf } from './scope.ts';

/** A choice between two branches, each converted into a graph of its own. */
export function convertMerge(evaluator: Evaluator, scope: Scope, merge: TensorFlowNode): readonly Flow[] {
  const { decision, whenTrue, whenFalse, switches } = scope.control.condition(merge);
  const enter = (inner: Scope): void => {
    for (const { name, inputs } of switches) {
      const [flow] = evaluator.evaluate(scope, [inputs[0]]);
      inner.set(name, [flow, flow]);
    }
  };
  const [decided] = evaluator.evaluate(scope, [decision]);
  if (decided.constant) {
    const inner = scope.inside(scope.graph);
    enter(inner);
    return evaluator.evaluate(inner, [Number(decided.constant.data[0]) === 0 ? whenFalse : whenTrue]);
  }
  const branch = (name: string, tensor: string): Graph =>
    scope.graph.subgraph(name, [], (graph) => {
      const inner = scope.inside(graph);
      enter(inner);
      const [flow] = evaluator.evaluate(inner, [tensor]);
      return [tensorOf(inner.graph, flow, tensor)];
    });
  const condition = asCondition(scope.graph, tensorOf(scope.graph, decided, decision));
  const attributes = { then_branch: branch('then_branch', whenTrue), else_branch: branch('else_branch', whenFalse) };
  return [{ value: scope.graph.node('If', [condition], attributes) }];
}

/** A whole loop, at the first of its Exits; the others find their values there. */
export function convertExit(evaluator: Evaluator, scope: Scope, exit: TensorFlowNode): readonly Flow[] {
  const { variables, invariants, test } = scope.control.frame(exit);
  const starts = evaluator.evaluate(
    scope,
    variables.map(({ start }) => start),
  );
  const unchanged = evaluator.evaluate(
    scope,
    invariants.map(({ tensor }) => tensor),
  );
  /** The frame in a graph inside the loop (or, for the first test, before it), with what its variables are there. */
  const within = (graph: GraphBuilder, values: readonly Flow[]): Scope => {
    const inner = scope.inside(graph);
    for (const [i, { merge, switches }] of variables.entries()) {
      inner.set(merge, [values[i]]);
      for (const name of switches) inner.set(name, [values[i], values[i]]);
    }
    for (const [i, { enter }] of invariants.entries()) inner.set(enter, [unchanged[i]]);
    return inner;
  };
  const ends = convertLoop({
    graph: scope.graph,
    starts,
    turn: (graph, values) =>
      evaluator.evaluate(
        within(graph, values),
        variables.map(({ next }) => next),
      ),
    test: (graph, values) => {
      const [flow] = evaluator.evaluate(within(graph, values), [test]);
      return asCondition(graph, tensorOf(graph, flow, test));
    },
    tensorOf: (graph, flow) => tensorOf(graph, flow, exit.name),
  });
  for (const [i, { exits }] of variables.entries()) for (const name of exits) scope.set(name, [{ value: ends[i] }]);
  return [{ value: ends[variables.findIndex(({ exits }) => exits.includes(exit.name))] }];
}

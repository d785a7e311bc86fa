// TensorFlow 1's conditions and loops as ONNX's If and Loop.
import { isEqual, unknownDimension } from '../graph/dimension.ts';
import type { Graph, Value } from '../graph/graph.ts';
import type { ValueType } from '../graph/type.ts';
import type { Frame } from './control-flow.ts';
import type { TensorFlowNode } from './node.ts';
import type { Flow } from './operation.ts';
import { asCondition } from './operations/control.ts';
import { type Evaluator, type Scope, valueOf } from './scope.ts';

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
      return [valueOf(inner, flow, tensor)];
    });
  const condition = asCondition(scope.graph, valueOf(scope, decided, decision));
  const attributes = { then_branch: branch('then_branch', whenTrue), else_branch: branch('else_branch', whenFalse) };
  return [{ value: scope.graph.node('If', [condition], attributes) }];
}

/** A whole loop, at the first of its Exits; the others find their values there. */
export function convertExit(evaluator: Evaluator, scope: Scope, exit: TensorFlowNode): readonly Flow[] {
  const frame = scope.control.frame(exit);
  const { graph } = scope;
  const starts = evaluator
    .evaluate(
      scope,
      frame.variables.map(({ start }) => start),
    )
    .map((flow, i) => valueOf(scope, flow, frame.variables[i].start));
  const invariants = evaluator.evaluate(
    scope,
    frame.invariants.map(({ tensor }) => tensor),
  );
  const enter = (inner: Scope, variables: readonly Flow[]): void => {
    for (const [i, { merge, switches }] of frame.variables.entries()) {
      inner.set(merge, [variables[i]]);
      for (const name of switches) inner.set(name, [variables[i], variables[i]]);
    }
    for (const [i, { enter: name }] of frame.invariants.entries()) inner.set(name, [invariants[i]]);
  };
  const test = (outer: Scope, variables: readonly Flow[]): Value => {
    const inner = outer.inside(outer.graph);
    enter(inner, variables);
    const [flow] = evaluator.evaluate(inner, [frame.test]);
    return outer.graph.node('Identity', [asCondition(outer.graph, valueOf(inner, flow, frame.test))]);
  };
  const first = test(
    scope,
    starts.map((value) => ({ value })),
  );
  const run = (types: readonly ValueType[]): { readonly body: Graph; readonly results: readonly ValueType[] } => {
    let results: readonly ValueType[] = [];
    const ports = [
      { name: 'iteration', type: 'int64' as const, shape: [] },
      { name: 'goes_on', type: 'bool' as const, shape: [] },
      ...types.map(({ type, shape }, i) => ({ name: `state_${i}`, type, shape })),
    ];
    const body = graph.subgraph('body', ports, (inside, [, , ...states]) => {
      const inner = scope.inside(inside);
      enter(
        inner,
        states.map((value) => ({ value })),
      );
      const next = nextOf(evaluator, inner, frame);
      results = next;
      return [
        test(
          inner,
          next.map((value) => ({ value })),
        ),
        ...next,
      ];
    });
    return { body, results };
  };
  const body = stableBody(starts, run);
  const ends = graph.nodes('Loop', [undefined, first, ...starts], { body }, starts.length);
  for (const [i, { exits }] of frame.variables.entries())
    for (const name of exits) scope.set(name, [{ value: ends[i] }]);
  const index = frame.variables.findIndex(({ exits }) => exits.includes(exit.name));
  return [{ value: ends[index] }];
}

function nextOf(evaluator: Evaluator, inner: Scope, frame: Frame): Value[] {
  const tensors = frame.variables.map(({ next }) => next);
  return evaluator.evaluate(inner, tensors).map((flow, i) => valueOf(inner, flow, tensors[i]));
}

/** A loop's body for types with every size that a turn changes left open. */
function stableBody(
  starts: readonly ValueType[],
  run: (types: readonly ValueType[]) => { readonly body: Graph; readonly results: readonly ValueType[] },
): Graph {
  let types = starts.map(({ type, shape }): ValueType => ({ type, shape }));
  for (;;) {
    const { body, results } = run(types);
    const wider = types.map(
      ({ type, shape }, i): ValueType => ({
        type,
        shape: shape.map((size, axis) => (isEqual(size, results[i].shape[axis]) ? size : unknownDimension)),
      }),
    );
    const isStable = wider.every(({ shape }, i) => shape.every((size, axis) => size === types[i].shape[axis]));
    if (isStable) return body;
    types = wider;
  }
}

// A while loop of either kind as ONNX's Loop: the test runs once before it and then at the end of every turn.
import type { GraphBuilder } from '../graph/builder.ts';
import { isEqual, unknownDimension } from '../graph/dimension.ts';
import type { Graph, Value } from '../graph/graph.ts';
import type { ValueType } from '../graph/type.ts';
import { emptyList } from './list.ts';
import type { Flow } from './operation.ts';

export interface LoopParts {
  readonly graph: GraphBuilder;
  readonly starts: readonly Flow[];
  /** The variables after a turn. */
  readonly turn: (graph: GraphBuilder, variables: readonly Flow[]) => readonly Flow[];
  /** Whether the loop goes on, a bool scalar. */
  readonly test: (graph: GraphBuilder, variables: readonly Flow[]) => Value;
  readonly tensorOf: (graph: GraphBuilder, flow: Flow) => Value;
}

export function convertLoop(parts: LoopParts): Value[] {
  const { graph, test, turn, tensorOf } = parts;
  const starts = learnt(parts).map((flow) => tensorOf(graph, flow));
  const first = graph.node('Identity', [
    test(
      graph,
      starts.map((value) => ({ value })),
    ),
  ]);
  const run = (types: readonly ValueType[]): { readonly body: Graph; readonly results: readonly ValueType[] } => {
    let results: readonly ValueType[] = [];
    const body = graph.subgraph('body', portsOf(types), (inside, [, , ...states]) => {
      const next = turn(
        inside,
        states.map((value) => ({ value })),
      ).map((flow) => tensorOf(inside, flow));
      results = next;
      const again = test(
        inside,
        next.map((value) => ({ value })),
      );
      return [inside.node('Identity', [again]), ...next];
    });
    return { body, results };
  };
  return graph.nodes('Loop', [undefined, first, ...starts], { body: stableBody(starts, run) }, starts.length);
}

function portsOf(types: readonly ValueType[]) {
  return [
    { name: 'iteration', type: 'int64' as const, shape: [] },
    { name: 'goes_on', type: 'bool' as const, shape: [] },
    ...types.map(({ type, shape }, i) => ({ name: `state_${i}`, type, shape })),
  ];
}

/** Lists that the body writes into are tensors of zeros at the start, once a turn has shown what it writes. */
function learnt({ graph, starts, turn, tensorOf }: LoopParts): readonly Flow[] {
  const isOpen = starts.some(({ pending }) => pending && pending.element === undefined);
  if (isOpen) {
    const known = starts.filter(({ pending }) => !pending).map((flow) => tensorOf(graph, flow));
    graph.subgraph('body', portsOf(known), (inside, [, , ...states]) => {
      const given = [...states];
      turn(
        inside,
        starts.map((flow) => (flow.pending ? flow : { value: given.shift() })),
      );
      return states;
    });
  }
  return starts.map((flow) => (flow.pending ? { value: emptyList(graph, flow.pending) } : flow));
}

/** The body for types with every size that a turn changes left open. */
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

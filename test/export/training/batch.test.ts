// What follows the size of a batch in a graph, and what is refused because it does not.
import { describe, expect, test } from 'vitest';
import { describeBuiltGraph } from '../../../export/tensorflow/built-graph.ts';
import { probedBatchSizes, type SizedGraph, withAnyBatch } from '../../../export/training/batch.ts';
import { Graph, type GraphTensor } from '../../../src/tensorflow/graph.ts';
import { multiply } from '../../../src/tensorflow/operations/elementwise.ts';
import { mean, reshape, slice } from '../../../src/tensorflow/operations/shape.ts';

function sized(build: (graph: Graph, rows: GraphTensor, batch: number) => GraphTensor): SizedGraph {
  const [first, second, third] = probedBatchSizes.map((batch) => {
    const graph = new Graph();
    const rows = graph.placeholder('rows', 'float32', [3 * batch, 4]);
    return describeBuiltGraph(graph, { result: build(graph, rows, batch).name });
  });
  return withAnyBatch([first, second, third]);
}

describe('a graph for batches of any size', () => {
  test('sizes become names, and constants of the same elements stay', () => {
    const { graph, inputShapes } = sized((graph, rows, batch) =>
      mean(graph, reshape(graph, slice(graph, rows, 0, batch, 2 * batch), [8 * batch]), [0]),
    );
    expect(inputShapes).toEqual({ rows: ['3*batch', 4] });
    expect(graph.inputs[0].shape).toEqual([-1, 4]);
    expect(graph.nodes.get('batch/sizes')?.operation).toBe('FloorDiv');
    expect(graph.nodes.get('Mean')?.inputs[1]).toBe('Const_3:0');
  });

  test('a size that does not follow the batch in a line is refused by its node, with what was found and the way out', () => {
    const square = () => sized((graph, rows, batch) => multiply(graph, rows, graph.quotient(batch ** 2)));
    expect(square).toThrow(
      'training step: node "Mul" (Mul): expected sizes that follow the batch in a line, got 10201, 10609, 11449 for batches of 101, 103, 107',
    );
    try {
      square();
    } catch (error) {
      expect(Reflect.get(error as object, 'remedy')).toBe(
        'Write it for the batch of the configuration alone: `fixedBatch`.',
      );
    }
  });

  test('so is a number that does not say what it is the quotient of, and a computation that is another for some sizes', () => {
    expect(() => sized((graph, rows, batch) => multiply(graph, rows, graph.constant(1 / batch)))).toThrow(
      'training step: node "Mul": expected the same computation for every size of a batch, got another',
    );
    expect(() =>
      sized((graph, rows, batch) => (batch === 103 ? multiply(graph, rows, rows) : slice(graph, rows, 0, 0, 1))),
    ).toThrow('training step: node "Slice": expected the same computation for every size of a batch, got another');
  });
});

// Conditions, loops and lists of both TensorFlows against executeAsync of TensorFlow.js.
import { beforeAll, describe, expect, test } from 'vitest';
import { describeGraphArtifacts, exportOnnxFromGraph } from '../../../export/index.ts';
import { type TestTensor, useCpu } from '../harness.ts';
import { artifactsOf, expectSameAsStock, floats, type GraphParts, ints, type JsonNode, node } from './graph-json.ts';

beforeAll(useCpu);

const bool = (value: boolean): TestTensor => ({ type: 'bool', shape: [], data: Uint8Array.of(Number(value)) });

function functionOf(
  name: string,
  inputs: readonly [string, string][],
  nodes: readonly JsonNode[],
  outputs: readonly [string, string, string][],
): unknown {
  return {
    signature: {
      name,
      inputArg: inputs.map(([arg, type]) => ({ name: arg, type })),
      outputArg: outputs.map(([arg, type]) => ({ name: arg, type })),
    },
    nodeDef: nodes,
    ret: Object.fromEntries(outputs.map(([arg, , tensor]) => [arg, tensor])),
  };
}

describe('conditions', () => {
  const x = floats([3], [1, -2, 3]);
  test.each([true, false])('Switch and Merge, the one branch larger than the other: %s', async (isTrue) => {
    const feeds = { x, decision: bool(isTrue) };
    const constants = { two: floats([], [2]), zero: ints([0], []) };
    const nodes = [
      node('Switch', 'switch', ['x', 'decision']),
      node('Identity', 'no', ['switch:0']),
      node('Identity', 'yes', ['switch:1']),
      node('Mul', 'doubled', ['yes', 'two']),
      node('ConcatV2', 'twice', ['no', 'no', 'zero'], { N: 2 }),
      node('Merge', 'merge', ['twice', 'doubled'], { N: 2 }),
      node('Neg', 'y', ['merge']),
    ];
    await expectSameAsStock({ inputs: feeds, constants, nodes, outputs: ['y'] }, feeds);
  });

  test.each([true, false])('StatelessIf: %s', async (isTrue) => {
    const feeds = { decision: bool(isTrue), x };
    const functions = [
      functionOf('grow', [['a', 'DT_FLOAT']], [node('Add', 'sum', ['a', 'a'])], [['out', 'DT_FLOAT', 'sum:z:0']]),
      functionOf('turn', [['a', 'DT_FLOAT']], [node('Neg', 'neg', ['a'])], [['out', 'DT_FLOAT', 'neg:y:0']]),
    ];
    const nodes = [
      node('StatelessIf', 'y', ['decision', 'x'], { then_branch: { func: 'grow' }, else_branch: { func: 'turn' } }),
    ];
    await expectSameAsStock({ inputs: feeds, nodes, outputs: ['y'], functions }, feeds);
  });
});

/** A TensorFlow 1 loop: i from 0 to `limit`, what `body` makes of x each time. */
function loopNodes(
  frame: string,
  variables: readonly [name: string, start: string, next: string][],
  limit: string,
): JsonNode[] {
  return [
    ...variables.flatMap(([name, start, next]) => [
      node('Enter', `${name}/enter`, [start], { frame_name: frame, is_constant: false }),
      node('Merge', `${name}/merge`, [`${name}/enter`, `${name}/next`]),
      node('Switch', `${name}/switch`, [`${name}/merge`, 'cond']),
      node('Identity', `${name}/body`, [`${name}/switch:1`]),
      node('Exit', `${name}/exit`, [`${name}/switch`]),
      node('NextIteration', `${name}/next`, [next]),
    ]),
    node('Enter', 'limit/enter', [limit], { frame_name: frame, is_constant: true }),
    node('Less', 'less', ['i/merge', 'limit/enter']),
    node('LoopCond', 'cond', ['less']),
  ];
}

describe('loops', () => {
  const constants = { zero: ints([0], []), one: ints([1], []), axis: ints([0], []) };

  test.each([0, 1, 4])('of TensorFlow 1, %i turns, with a value that grows', async (turns) => {
    const feeds = { x: floats([2], [1, 2]), limit: ints([turns], []) };
    const nodes = [
      ...loopNodes(
        'frame',
        [
          ['i', 'zero', 'i/plus'],
          ['v', 'x', 'v/longer'],
        ],
        'limit',
      ),
      node('Enter', 'one/enter', ['one'], { frame_name: 'frame', is_constant: true }),
      node('Enter', 'x/enter', ['x'], { frame_name: 'frame', is_constant: true }),
      node('Enter', 'axis/enter', ['axis'], { frame_name: 'frame', is_constant: true }),
      node('Add', 'i/plus', ['i/body', 'one/enter']),
      node('ConcatV2', 'v/longer', ['v/body', 'x/enter', 'axis/enter'], { N: 2 }),
    ];
    await expectSameAsStock({ inputs: feeds, constants, nodes, outputs: ['v/exit', 'i/exit'] }, feeds);
  });

  test('TensorArray: read, square, write', async () => {
    const feeds = { x: floats([3, 2], [1, 2, 3, 4, 5, 6]) };
    const nodes = [
      node('TensorArrayV3', 'in', ['three'], {
        dtype: { type: 'DT_FLOAT' },
        element_shape: { shape: [2] },
        dynamic_size: false,
        clear_after_read: false,
        identical_element_shapes: true,
        tensor_array_name: 'in',
      }),
      node('TensorArrayV3', 'out', ['three'], {
        dtype: { type: 'DT_FLOAT' },
        element_shape: { shape: [2] },
        dynamic_size: false,
        clear_after_read: false,
        identical_element_shapes: true,
        tensor_array_name: 'out',
      }),
      node('TensorArrayScatterV3', 'filled', ['in', 'places', 'x', 'in:1'], { T: { type: 'DT_FLOAT' } }),
      ...loopNodes(
        'frame',
        [
          ['i', 'zero', 'i/plus'],
          ['v', 'out:1', 'write'],
        ],
        'three',
      ),
      node('Enter', 'one/enter', ['one'], { frame_name: 'frame', is_constant: true }),
      node('Enter', 'in/enter', ['in'], { frame_name: 'frame', is_constant: true }),
      node('Enter', 'out/enter', ['out'], { frame_name: 'frame', is_constant: true }),
      node('Enter', 'filled/enter', ['filled'], { frame_name: 'frame', is_constant: true }),
      node('Add', 'i/plus', ['i/body', 'one/enter']),
      node('TensorArrayReadV3', 'read', ['in/enter', 'i/body', 'filled/enter'], { dtype: { type: 'DT_FLOAT' } }),
      node('Square', 'square', ['read']),
      node('TensorArrayWriteV3', 'write', ['out/enter', 'i/body', 'square', 'v/body'], { T: { type: 'DT_FLOAT' } }),
      node('TensorArrayGatherV3', 'y', ['out', 'places', 'v/exit'], {
        dtype: { type: 'DT_FLOAT' },
        element_shape: { shape: [2] },
      }),
      node('TensorArraySizeV3', 'size', ['out', 'v/exit']),
    ];
    const known = { ...constants, three: ints([3], []), places: ints([0, 1, 2]) };
    await expectSameAsStock({ inputs: feeds, constants: known, nodes, outputs: ['y', 'size'] }, feeds);
  });

  test('StatelessWhile with a TensorList and weights that are handed round', async () => {
    const feeds = { x: floats([3, 2], [1, 2, 3, 4, 5, 6]) };
    const args: [string, string][] = [
      ['i', 'DT_INT32'],
      ['list', 'DT_VARIANT'],
      ['state', 'DT_FLOAT'],
      ['rows', 'DT_VARIANT'],
      ['kernel', 'DT_FLOAT'],
    ];
    const functions = [
      functionOf(
        'test',
        args,
        [node('Const', 'three', [], { dtype: { type: 'DT_INT32' } }), node('Less', 'less', ['i', 'three:output:0'])],
        [['out', 'DT_BOOL', 'less:z:0']],
      ),
      functionOf(
        'turn',
        args,
        [
          node('Const', 'one', [], { dtype: { type: 'DT_INT32' } }),
          node('Const', 'element', [], { dtype: { type: 'DT_INT32' } }),
          node('AddV2', 'plus', ['i', 'one:output:0']),
          node('TensorListGetItem', 'row', ['rows', 'i', 'element:output:0'], { element_dtype: { type: 'DT_FLOAT' } }),
          node('Mul', 'scaled', ['state', 'kernel']),
          node('AddV2', 'new', ['scaled:z:0', 'row:item:0']),
          node('TensorListSetItem', 'written', ['list', 'i', 'new:z:0'], { element_dtype: { type: 'DT_FLOAT' } }),
          node('Identity', 'rowsSame', ['rows']),
          node('Identity', 'kernelSame', ['kernel']),
        ],
        [
          ['i_out', 'DT_INT32', 'plus:z:0'],
          ['list_out', 'DT_VARIANT', 'written:output_handle:0'],
          ['state_out', 'DT_FLOAT', 'new:z:0'],
          ['rows_out', 'DT_VARIANT', 'rowsSame:output:0'],
          ['kernel_out', 'DT_FLOAT', 'kernelSame:output:0'],
        ],
      ),
    ];
    const nodes = [
      node('TensorListReserve', 'list', ['anything', 'three'], {
        element_dtype: { type: 'DT_FLOAT' },
        shape_type: { type: 'DT_INT32' },
      }),
      node('TensorListFromTensor', 'rows', ['x', 'element'], {
        element_dtype: { type: 'DT_FLOAT' },
        shape_type: { type: 'DT_INT32' },
      }),
      node('StatelessWhile', 'loop', ['zero', 'list', 'start', 'rows', 'kernel'], {
        cond: { func: 'test' },
        body: { func: 'turn' },
      }),
      node('TensorListStack', 'stack', ['loop:1', 'element'], { num_elements: 3, element_dtype: { type: 'DT_FLOAT' } }),
      node('Identity', 'last', ['loop:2']),
    ];
    const known = {
      ...constants,
      three: ints([3], []),
      anything: ints([-1]),
      element: ints([2]),
      start: floats([2], [0, 0]),
      kernel: floats([2], [0.5, -1]),
    };
    const parts: GraphParts = { inputs: feeds, constants: known, nodes, outputs: ['stack', 'last'], functions };
    await expectSameAsStock(parts, feeds);
  });
});

describe('what cannot be exported', () => {
  test('is listed whole, with the nodes that hold it', () => {
    const nodes = [
      node('FFT', 'spectrum', ['x']),
      node('Unique', 'first', ['spectrum']),
      node('Unique', 'second', ['spectrum']),
      node('Add', 'y', ['first', 'second']),
    ];
    const artifacts = artifactsOf({ inputs: { x: floats([4], [1, 2, 3, 4]) }, nodes, outputs: ['y'] });
    expect(() => exportOnnxFromGraph(artifacts)).toThrow(
      /^graph model: expected operations that can be exported, got Unique in "second", "first"; FFT in "spectrum"$/,
    );
  });

  test('does not matter where no output needs it', () => {
    const nodes = [node('FFT', 'spectrum', ['x']), node('Neg', 'y', ['x'])];
    const artifacts = artifactsOf({ inputs: { x: floats([4], [1, 2, 3, 4]) }, nodes, outputs: ['y'] });
    expect(exportOnnxFromGraph(artifacts).length).toBeGreaterThan(50);
  });

  test('an input of any rank asks for its sizes', () => {
    const artifacts = artifactsOf({
      inputs: { x: floats([4], [1, 2, 3, 4]) },
      nodes: [node('Neg', 'y', ['x'])],
      outputs: ['y'],
    });
    const topology = JSON.parse(JSON.stringify(artifacts.modelTopology));
    topology.node[0].attr.shape = { shape: { unknownRank: true } };
    const open = { ...artifacts, modelTopology: topology, signature: undefined };
    expect(() => describeGraphArtifacts(open)).toThrow(
      'graph model: expected the rank of input "x", got an input of any rank',
    );
    expect(exportOnnxFromGraph(open, { inputShapes: { x: [2, 2] } }).length).toBeGreaterThan(50);
  });
});

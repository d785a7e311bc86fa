// Small ONNX models for the tests of the runtimes, written with the exporter's codec: a few nodes whose outputs can be
// worked out by hand.
import { encode } from '../../export/schema/encode.ts';
import { attributeTypes, dataTypes, model, type Node, type Tensor, type ValueInfo } from '../../export/schema/onnx.ts';

const emptyAttribute = { floats: [], ints: [], strings: [], tensors: [], graphs: [] };

function value(name: string, elemType: number, shape: readonly (number | string)[]): ValueInfo {
  const dim = shape.map((side) => (typeof side === 'number' ? { dimValue: side } : { dimParam: side }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

function floats(name: string, dims: readonly number[], values: readonly number[]): Tensor {
  const rawData = new Uint8Array(Float32Array.from(values).buffer);
  const none = { floatData: [], int32Data: [], stringData: [], int64Data: [], doubleData: [], uint64Data: [] };
  return { ...none, name, dims, dataType: dataTypes.float32, rawData, externalData: [] };
}

function node(opType: string, input: readonly string[], output: readonly string[], attributes: Node['attribute'] = []) {
  return { opType, name: `${output[0]}/${opType}`, input, output, attribute: attributes };
}

function modelBytes(
  nodes: readonly Node[],
  inputs: readonly ValueInfo[],
  outputs: readonly ValueInfo[],
  initializer: readonly Tensor[] = [],
): Uint8Array {
  return encode(model, {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    metadataProps: [],
    graph: { name: 'fixture', node: nodes, input: inputs, output: outputs, initializer, valueInfo: [] },
  });
}

/** next_latent = concat(latent, action) W + b with W [3, 2] = [[1, 2], [3, 4], [5, 6]] and b = [0.5, -0.5]. */
export function affineModel(): Uint8Array {
  return modelBytes(
    [
      node(
        'Concat',
        ['latent', 'action'],
        ['joined'],
        [{ ...emptyAttribute, name: 'axis', i: 1n, type: attributeTypes.int }],
      ),
      node('Gemm', ['joined', 'weight', 'bias'], ['next_latent']),
    ],
    [value('latent', dataTypes.float32, ['N', 2]), value('action', dataTypes.float32, ['N', 1])],
    [value('next_latent', dataTypes.float32, ['N', 2])],
    [floats('weight', [3, 2], [1, 2, 3, 4, 5, 6]), floats('bias', [2], [0.5, -0.5])],
  );
}

/** latent = pixels / 255 as float32, for uint8 observations [N, 4]. */
export function pixelModel(): Uint8Array {
  return modelBytes(
    [
      node(
        'Cast',
        ['observation'],
        ['pixels'],
        [{ ...emptyAttribute, name: 'to', i: BigInt(dataTypes.float32), type: attributeTypes.int }],
      ),
      node('Div', ['pixels', 'scale'], ['latent']),
    ],
    [value('observation', dataTypes.uint8, ['N', 4])],
    [value('latent', dataTypes.float32, ['N', 4])],
    [floats('scale', [], [255])],
  );
}

/** y = det(sin(x)) of 3x3 matrices: no GPU provider of onnxruntime has a Det, so part of it would fall back to the CPU. */
export function determinantModel(): Uint8Array {
  return modelBytes(
    [node('Sin', ['x'], ['sine']), node('Det', ['sine'], ['y'])],
    [value('x', dataTypes.float32, ['N', 3, 3])],
    [value('y', dataTypes.float32, ['N'])],
  );
}

/** latent [N, 3] = the mean of each channel, in 0..1, of 2x2 observations with three channels. */
export function pixelSumModel(type: 'uint8' | 'float32', layout: 'nchw' | 'nhwc'): Uint8Array {
  const axes = layout === 'nchw' ? [2n, 3n] : [1n, 2n];
  const attributes = [
    { ...emptyAttribute, name: 'axes', ints: axes, type: attributeTypes.ints },
    { ...emptyAttribute, name: 'keepdims', i: 0n, type: attributeTypes.int },
  ];
  const cast = { ...emptyAttribute, name: 'to', i: BigInt(dataTypes.float32), type: attributeTypes.int };
  return modelBytes(
    [
      ...(type === 'uint8'
        ? [node('Cast', ['observation'], ['bytes'], [cast]), node('Div', ['bytes', 'scale'], ['pixels'])]
        : []),
      node('ReduceMean', [type === 'uint8' ? 'pixels' : 'observation'], ['latent'], attributes),
    ],
    [value('observation', dataTypes[type], layout === 'nchw' ? ['N', 3, 2, 2] : ['N', 2, 2, 3])],
    [value('latent', dataTypes.float32, ['N', 3])],
    type === 'uint8' ? [floats('scale', [], [255])] : [],
  );
}

// Batch norms average the biased variance of a batch. TensorFlow's operation gives the unbiased one beside it, and the graph turns it
// back; ONNX has both, and needs neither factor.
import { QUOTIENT } from '../tensorflow/built-graph.ts';
import { parseReference, type TensorFlowNode } from '../tensorflow/node.ts';

/** Outputs of FusedBatchNormV3. */
const UNBIASED = 2;
const BIASED = 4;

/** What `node` is instead where it turns an unbiased variance back: the biased one. */
export function asBiasedVariance(
  node: TensorFlowNode,
  nodes: ReadonlyMap<string, TensorFlowNode>,
): TensorFlowNode | undefined {
  if (node.operation !== 'Mul') return undefined;
  const [variance, factor] = node.inputs.map(parseReference);
  const quotient = nodes.get(factor?.node)?.attributes[QUOTIENT];
  const isTurned =
    nodes.get(variance.node)?.operation === 'FusedBatchNormV3' &&
    variance.output === UNBIASED &&
    quotient !== undefined &&
    'numbers' in quotient &&
    quotient.numbers[0] === quotient.numbers[1] - 1;
  return isTurned
    ? { ...node, operation: 'Identity', inputs: [`${variance.node}:${BIASED}`], attributes: {} }
    : undefined;
}

// Weights by number: the order in which layers make them.
import type { Config } from './config.ts';

/** The order in which a layer makes its weights: Keras 3 numbers them. */
export function roleOrder(className: string, config: Config): string[] {
  const bias = config.value('useBias') === false ? [] : ['bias'];
  const scale = config.value('scale') === false ? [] : ['gamma'];
  const center = config.value('center') === false ? [] : ['beta'];
  switch (className) {
    case 'DepthwiseConv2D':
      return ['depthwise_kernel', ...bias];
    case 'DepthwiseConv1D':
      return ['depthwise_kernel', ...bias];
    case 'SeparableConv1D':
    case 'SeparableConv2D':
      return ['depthwise_kernel', 'pointwise_kernel', ...bias];
    case 'BatchNormalization':
      return [...scale, ...center, 'moving_mean', 'moving_variance'];
    case 'Normalization':
      return ['mean', 'variance'];
    case 'SpectralNormalization':
      return ['vector_u', 'sigma'];
    case 'RMSNormalization':
      return ['scale'];
    case 'Attention':
      return [
        ...(config.value('useScale') === true ? ['scale'] : []),
        ...(config.value('scoreMode') === 'concat' ? ['concat_score_weight'] : []),
      ];
    case 'AdditiveAttention':
      return ['scale'];
    case 'GroupNormalization':
    case 'LayerNormalization':
      return [...scale, ...center];
    case 'Embedding':
      return ['embeddings'];
    case 'PReLU':
      return ['alpha'];
    case 'SimpleRNN':
    case 'SimpleRNNCell':
    case 'GRU':
    case 'GRUCell':
    case 'LSTM':
    case 'LSTMCell':
    case 'ConvLSTM2D':
      return ['kernel', 'recurrent_kernel', ...bias];
    default:
      return ['kernel', ...bias];
  }
}

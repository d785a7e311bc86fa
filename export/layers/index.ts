// Every layer class of tfjs-layers 4.22 with its converter. A class that is missing here does not compile; a test compares
// the list with the registry of TensorFlow.js at run time.
import { advancedActivations } from './advanced-activation.ts';
import type { LayerConverter } from './converter.ts';
import { convolutions } from './convolution.ts';
import { core } from './core.ts';
import { dots } from './dot.ts';
import { embeddings } from './embedding.ts';
import { merge } from './merge.ts';
import { normalization } from './normalization.ts';
import { pooling } from './pooling.ts';
import { preprocessing } from './preprocessing.ts';
import { convolutionalRecurrent } from './recurrent/conv-lstm.ts';
import { recurrent } from './recurrent/layer.ts';
import { spatial } from './spatial.ts';
import { wrappers } from './wrapper.ts';

/** The layers and cells that TensorFlow.js can save; models (Sequential, Functional, Model) are converted in place. */
export type LayerClass =
  | 'Activation'
  | 'Add'
  | 'AlphaDropout'
  | 'Average'
  | 'AveragePooling1D'
  | 'AveragePooling2D'
  | 'AveragePooling3D'
  | 'BatchNormalization'
  | 'Bidirectional'
  | 'CategoryEncoding'
  | 'CenterCrop'
  | 'Concatenate'
  | 'Conv1D'
  | 'Conv2D'
  | 'Conv2DTranspose'
  | 'Conv3D'
  | 'Conv3DTranspose'
  | 'ConvLSTM2D'
  | 'ConvLSTM2DCell'
  | 'Cropping2D'
  | 'Dense'
  | 'DepthwiseConv2D'
  | 'Dot'
  | 'Dropout'
  | 'ELU'
  | 'Embedding'
  | 'Flatten'
  | 'GRU'
  | 'GRUCell'
  | 'GaussianDropout'
  | 'GaussianNoise'
  | 'GlobalAveragePooling1D'
  | 'GlobalAveragePooling2D'
  | 'GlobalMaxPooling1D'
  | 'GlobalMaxPooling2D'
  | 'InputLayer'
  | 'LSTM'
  | 'LSTMCell'
  | 'LayerNormalization'
  | 'LeakyReLU'
  | 'Masking'
  | 'MaxPooling1D'
  | 'MaxPooling2D'
  | 'MaxPooling3D'
  | 'Maximum'
  | 'Minimum'
  | 'Multiply'
  | 'PReLU'
  | 'Permute'
  | 'RNN'
  | 'RandomWidth'
  | 'ReLU'
  | 'RepeatVector'
  | 'Rescaling'
  | 'Reshape'
  | 'Resizing'
  | 'SeparableConv2D'
  | 'SimpleRNN'
  | 'SimpleRNNCell'
  | 'Softmax'
  | 'SpatialDropout1D'
  | 'StackedRNNCells'
  | 'ThresholdedReLU'
  | 'TimeDistributed'
  | 'UpSampling2D'
  | 'ZeroPadding2D';

export const converters: Readonly<Record<LayerClass, LayerConverter>> = {
  ...core,
  ...advancedActivations,
  ...convolutions,
  ...pooling,
  ...spatial,
  ...normalization,
  ...merge,
  ...dots,
  ...embeddings,
  ...recurrent,
  ...convolutionalRecurrent,
  ...wrappers,
  ...preprocessing,
};

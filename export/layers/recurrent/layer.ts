// SimpleRNN, GRU, LSTM and RNN over any cell.
import type { Value } from '../../graph/graph.ts';
import type { Cell, CellContext, LayerContext, LayerConverter } from '../converter.ts';
import { gruCell, lstmCell, simpleRnnCell, stackedCells } from './cell.ts';
import { runCell } from './run.ts';

export interface RecurrentOptions {
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
}

export function recurrentOptions(config: LayerContext['config']): RecurrentOptions {
  return {
    returnSequences: config.boolean('returnSequences', false),
    returnState: config.boolean('returnState', false),
    goBackwards: config.boolean('goBackwards', false),
  };
}

/** Initial states arrive as further inputs. */
export function initialStates(layer: LayerContext, count: number): readonly Value[] | undefined {
  const given = layer.inputs.slice(1);
  if (given.length === 0) return undefined;
  if (given.length !== count)
    throw layer.unsupported(
      `${given.length} initial states for a cell of ${count}`,
      'Pass as many states as the cell has.',
    );
  return given;
}

function runLayer(layer: LayerContext, cell: Cell): Value[] {
  const options = recurrentOptions(layer.config);
  if (layer.config.boolean('stateful', false))
    layer.warn(
      'is stateful: the file starts every run with the initial state, as TensorFlow.js does after resetStates',
    );
  if (layer.mask && layer.masks[0] === undefined)
    layer.warn(
      'has no mask of its own: TensorFlow.js gives it the last mask of another layer, and so does the file (Keras does not)',
    );
  const sequence = {
    x: layer.input,
    mask: layer.mask,
    initial: initialStates(layer, cell.stateSizes.length),
    ...options,
  };
  const { output, states } = runCell(layer.graph, cell, sequence);
  return options.returnState ? [output, ...states] : [output];
}

const options = 'returnSequences, returnState, goBackwards, initial states, masks, every activation, useBias';

function recurrentLayer(cell: (context: CellContext) => Cell, operator: string, notes?: string): LayerConverter {
  return {
    masking: 'drop',
    mask: sequenceMask,
    convert: (layer) => runLayer(layer, layer.cell(layer.layer)),
    cell,
    documentation: {
      operators: `${operator}, Transpose, Squeeze; Scan with a mask or an activation that ${operator} lacks`,
      options,
      notes: `${notes ? `${notes} ` : ''}stateful starts from zeros in every run.`,
    },
  };
}

/** The mask goes on where there is still a step for each of its elements. */
export function sequenceMask(layer: LayerContext): Value | undefined {
  return layer.config.boolean('returnSequences', false) ? layer.masks[0] : undefined;
}

const rnn: LayerConverter = {
  masking: 'drop',
  mask: sequenceMask,
  convert: (layer) => {
    const cell = layer.layer.parts.get('cell');
    if (cell === undefined) throw layer.config.fail('cell', 'a recurrent cell');
    return runLayer(layer, layer.cell(cell));
  },
  documentation: {
    operators: 'RNN, GRU, LSTM (one a cell) or Scan',
    options: `cell (any, stacked ones and custom ones too), ${options}`,
  },
};

function cellOnly(cell: (context: CellContext) => Cell, operators: string): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) => {
      throw layer.unsupported('a recurrent cell outside of an RNN layer', 'Wrap it in tf.layers.rnn.');
    },
    cell,
    documentation: { operators, notes: 'Inside RNN and StackedRNNCells.' },
  };
}

export const recurrent = {
  SimpleRNN: recurrentLayer(simpleRnnCell, 'RNN'),
  GRU: recurrentLayer(
    gruCell,
    'GRU',
    'resetAfter of Keras files, which TensorFlow.js refuses, is exported as Keras defines it.',
  ),
  LSTM: recurrentLayer(lstmCell, 'LSTM'),
  RNN: rnn,
  SimpleRNNCell: cellOnly(simpleRnnCell, 'RNN or Scan'),
  GRUCell: cellOnly(gruCell, 'GRU or Scan'),
  LSTMCell: cellOnly(lstmCell, 'LSTM or Scan'),
  StackedRNNCells: cellOnly(stackedCells, 'one operator a cell, or one Scan'),
} as const satisfies Record<string, LayerConverter>;

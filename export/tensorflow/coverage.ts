// The operation table of the documentation, out of the rows' own descriptions.
import { operations } from './operations/index.ts';

/** Operations that are patterns of several nodes, or nothing. */
const patterns: Readonly<Record<string, { readonly operators: string; readonly notes?: string }>> = {
  Const: { operators: 'none: an initializer' },
  Placeholder: { operators: 'none: an input' },
  PlaceholderWithDefault: { operators: 'none: an input', notes: 'The default is left out.' },
  NoOp: { operators: 'none' },
  'Switch, Merge': {
    operators: 'If',
    notes: 'The pattern of tf.cond in TensorFlow 1; both branches see what is around them.',
  },
  'Enter, Exit, LoopCond, NextIteration': { operators: 'Loop', notes: 'The pattern of tf.while_loop in TensorFlow 1.' },
};

/** What TensorFlow.js 4.22 runs and this exporter does not, and why. */
export const notExported: Readonly<Record<string, string>> = {
  'texts, hash tables, decision forests':
    'ONNX has no place for them: HashTable, HashTableV2, InitializeTable, InitializeTableV2, LookupTableFind, LookupTableFindV2, LookupTableImport, LookupTableImportV2, LookupTableSize, LookupTableSizeV2, SimpleMLCreateModelResource, SimpleMLInferenceOpWithHandle, SimpleMLLoadModelFromPathWithHandle, StaticRegexReplace, StringNGrams, StringSplit, StringToHashBucketFast',
  'random numbers':
    'no two runtimes draw the same: Multinomial, RandomStandardNormal, RandomUniform, RandomUniformInt, TruncatedNormal',
  'complex numbers': 'ONNX has no such type: Complex, ComplexAbs, FFT, IFFT, IRFFT, Imag, RFFT, Real',
  'ragged and sparse tensors':
    'not met in published models: RaggedGather, RaggedRange, RaggedTensorToTensor, SparseFillEmptyRows, SparseReshape, SparseSegmentMean, SparseSegmentSum',
  'not met in published models yet':
    'Bincount, BitwiseAnd, BroadcastArgs, Conv1D, CropAndResize, Cumprod, DenseBincount, Dilation2D, ImageProjectiveTransformV3, ListDiff, LowerBound, MatrixBandPart, MaxPoolWithArgmax, Ones, TensorArrayCloseV3, TensorArrayConcatV3, TensorArraySplitV3, TensorListConcat, TensorListConcatV2, TensorListPopBack, TensorListResize, TensorListScatter, TensorListScatterV2, TensorListSplit, Unique, UniqueV2, UpperBound, Zeros',
};

/** Every operation that is exported, by name. */
export function exportedOperations(): string[] {
  return [...operations.keys(), ...Object.keys(patterns).flatMap((names) => names.split(', '))].sort();
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

export function operationsDocument(): string {
  const rows = [
    ...[...operations].map(([name, { documentation }]) => [
      `\`${name}\``,
      documentation.operators,
      documentation.notes ?? '',
    ]),
    ...Object.entries(patterns).map(([names, { operators, notes }]) => [
      names
        .split(', ')
        .map((name) => `\`${name}\``)
        .join(', '),
      operators,
      notes ?? '',
    ]),
  ].sort(([a], [b]) => (a < b ? -1 : 1));
  return `# Operations of graph models

Written by \`npm run docs:coverage\` from the operation table; a test fails where it is not up to date, and another where
TensorFlow.js 4.22 runs an operation that is neither here nor below. How graph models are exported, which published ones
are, and how far the files are from TensorFlow.js: [export.md](export.md#graph-models).

Rows compute what TensorFlow.js computes, in its three types (float32, int32, bool). Sizes that follow from the inputs'
shapes (Shape, StridedSlice, arithmetic, Pack) are worked out when the file is written, as expressions over the dynamic axes.

| operation | ONNX operators | notes |
| --- | --- | --- |
${rows.map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')}

## Not exported

${Object.entries(notExported)
  .map(([what, why]) => `- ${what}: ${why}.`)
  .join('\n')}
`;
}

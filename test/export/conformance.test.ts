import { convolution, pooling } from './conformance/convolution.ts';
import { core } from './conformance/core.ts';
import { embedding, merge, preprocessing } from './conformance/merge.ts';
import { convolutionalRecurrent, masks, recurrent, wrapped } from './conformance/recurrent.ts';
import { runCases } from './conformance/run.ts';
import { topology } from './conformance/topology.ts';

const opsets = [17, 23];
runCases('core layers', core, opsets);
runCases('convolutions', convolution, opsets);
runCases('pooling and images', pooling, opsets);
runCases('merge layers', merge, opsets);
runCases('embeddings', embedding, opsets);
runCases('preprocessing', preprocessing, opsets);
runCases('recurrent layers', recurrent, opsets);
runCases('wrappers', wrapped, opsets);
runCases('ConvLSTM2D', convolutionalRecurrent, opsets);
runCases('masks', masks, opsets);
runCases('topologies', topology, opsets);

// The conformance suite at every opset and two batch sizes.
import { newestOpset, oldestOpset } from '../../export/graph/graph.ts';
import { families } from './conformance/families.ts';
import { runCases } from './conformance/run.ts';

const opsets = Array.from({ length: newestOpset - oldestOpset + 1 }, (_, i) => oldestOpset + i);
for (const [family, cases] of Object.entries(families)) runCases(family, cases, opsets);

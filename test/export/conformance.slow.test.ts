// The conformance suite at every opset above the oldest, which the fast suite runs.
import { newestOpset, oldestOpset } from '../../export/graph/graph.ts';
import { families } from './conformance/families.ts';
import { runCases } from './conformance/run.ts';

const opsets = Array.from({ length: newestOpset - oldestOpset }, (_, i) => oldestOpset + 1 + i);
for (const [family, cases] of Object.entries(families)) runCases(family, cases, opsets);

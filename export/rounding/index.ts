// A rounding certificate of an ONNX graph: docs/certificate.md.
export {
  type ExactInput,
  openRounding,
  type RoundedNode,
  type RoundingEvaluation,
  type RoundingModel,
  type RoundingOptions,
} from './evaluate.ts';
export { anyOrder, type Hypotheses } from './hypotheses.ts';
export type { FunctionalBounds } from './tape.ts';

// The largest bisimulation of dynamics and auxiliary, the words that tell states apart, and what recorded data guarantee.
export {
  CHAIN,
  type FactorFate,
  type FactorForesight,
  type ForeseenFactor,
  type ForeseenPairs,
  type Foresight,
  type ForesightInput,
  foresee,
} from './foresight/foresight.ts';
export type { ForeseenTask, LabelForesight } from './foresight/label.ts';
export { levelSets } from './level-set.ts';
export { type BisimulationMetric, bisimulationMetric, type MetricOptions } from './metric.ts';
export {
  compareObserved,
  mergeObserved,
  type ObservedComparison,
  observedWord,
  observedWordLengths,
} from './observed.ts';
export {
  type RecordedSystem,
  type RecordedSystemOptions,
  type RecordedTransitions,
  systemFromTransitions,
} from './recording.ts';
export { type Bisimulation, largestBisimulation, type SplittingTree } from './refinement.ts';
export {
  type BisimulationReport,
  type ClassReport,
  type PairReport,
  type ReportOptions,
  reportBisimulation,
  reportObserved,
} from './report.ts';
export {
  type StochasticOptions,
  type StochasticPair,
  type StochasticSystem,
  stochasticSystem,
} from './stochastic.ts';
export { auxiliaryGap, checkSystem, type FiniteSystem, followWord, systemOfEnvironment, UNOBSERVED } from './system.ts';
export { distinguishingLengths, distinguishingWord, wordLengthCounts } from './word.ts';

// One seed for all property tests, so that continuous integration judges the same cases every time.
// JEPA_RANDOM_SEED=$RANDOM npm run test:fast (or test:slow) looks at others; a failure prints the seed that shows it again.
import fc from 'fast-check';

const DEFAULT_SEED = 20_261_124;

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.JEPA_RANDOM_SEED ?? DEFAULT_SEED) });

// Where test files share a process they must agree on what native libraries fix at their start: one thread each (two processes on
// two cores), and TensorFlow without oneDNN, whose convolutions round differently in a graph and one by one.
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

os.availableParallelism = () => 1;
syncBuiltinESMExports();
process.env.TF_ENABLE_ONEDNN_OPTS = '0';

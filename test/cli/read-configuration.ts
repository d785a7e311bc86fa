// A configuration file as the command reads it, for the mutants of test/fuzz: nothing but these tests knows cli/.
import { readConfigFile } from '../../cli/parse/config-file.ts';
import { parseConfiguration } from '../../src/training/configuration.ts';

export async function readConfiguration(path: string): Promise<void> {
  parseConfiguration(path, await readConfigFile(path));
}

// Classes are named by what all their states share.
import { expect, test } from 'vitest';
import { createEnvironment } from '../../../src/environments/index.ts';
import { rewardClasses } from '../../../src/evaluation/class/bisimulation.ts';
import { classNames } from '../../../web/play/class-name.ts';

const namesOf = (name: string, options: Record<string, number>) => {
  const environment = createEnvironment(name, options);
  return classNames(environment, rewardClasses(environment));
};

test('a class of all lamps in a cell is that cell; counts have no parts', () => {
  expect(namesOf('line', { cells: 3, lamps: 4 })).toEqual(['cell 0', 'cell 1', 'cell 2']);
  expect(namesOf('counting', { size: 32, maximum: 2, target: 1 })).toEqual(['0', '1', '2']);
});

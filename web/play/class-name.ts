// Short names of classes: by what all their states share.
import type { Environment } from '../../src/environments/index.ts';
import type { StateClasses } from '../../src/evaluation/class/bisimulation.ts';

/** [C]: "cell 2" where a class is all states of that cell; else as the classes are named themselves. */
export function classNames({ factors = [] }: Environment, { names, classOf }: StateClasses): string[] {
  const states = Array.from(classOf, (_, state) => state);
  return names.map((name, label) => {
    const [first, ...others] = states.filter((state) => classOf[state] === label);
    const shared = factors.filter(({ of }) => others.every((state) => of(state) === of(first)));
    return shared.length === 0 ? name : shared.map((factor) => `${factor.name} ${factor.of(first)}`).join(' ');
  });
}

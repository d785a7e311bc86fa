// As much of vitest's interface as the tests that mutants are run against use, in this process: tests are gathered when a file is
// evaluated, and called one by one. What is missing here fails when the file is loaded.
import { format } from 'node:util';
import { ASYMMETRIC_MATCHERS_OBJECT, chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect';

type Hook = () => unknown;
type Body = (...given: unknown[]) => unknown;

interface Suite {
  readonly name: string;
  readonly parent: Suite | undefined;
  readonly before: Hook[];
  readonly after: Hook[];
  isOpen: boolean;
}

export interface CollectedTest {
  /** The names of its groups and its own, and a number where two are alike. */
  readonly name: string;
  /** Opens its groups, where no test before has, and calls it. What fails, throws. */
  readonly call: () => unknown;
  /** What has to be done after it, whether it failed or not. */
  readonly close: () => Promise<void>;
}

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

function createExpect(): unknown {
  const expect = (value: unknown, message?: string) => chai.expect(value, message);
  const matchers: unknown = Reflect.get(globalThis, ASYMMETRIC_MATCHERS_OBJECT);
  return Object.assign(expect, chai.expect, matchers);
}

/** @returns `api`, which stands for the module `vitest`, and the list that evaluating a test file fills */
export function createCollector(): { readonly api: object; readonly tests: readonly CollectedTest[] } {
  const tests: CollectedTest[] = [];
  const names = new Map<string, number>();
  let current: Suite = suiteOf('', undefined);

  const describe = (name: string, ...given: readonly unknown[]) => {
    const outer = current;
    current = suiteOf(name, outer);
    bodyOf(given)();
    current = outer;
  };
  const test = (title: string, ...given: readonly unknown[]) => {
    const suite = current;
    const body = bodyOf(given);
    const chain = chainOf(suite);
    const name = [...chain.map((each) => each.name), title].join(' ').trim();
    const known = names.get(name) ?? 0;
    names.set(name, known + 1);
    tests.push({
      name: known === 0 ? name : `${name} (${known + 1})`,
      call: () => {
        const hooks = chain.filter((each) => !each.isOpen).flatMap((each) => each.before);
        for (const each of chain) each.isOpen = true;
        return hooks.length === 0 ? body() : inTurn(hooks).then(body);
      },
      close: () => inTurn(chain.flatMap((each) => each.after)),
    });
  };
  const each =
    (add: (title: string, body: Hook) => void) =>
    (rows: readonly unknown[]) =>
    (title: string, ...rest: readonly unknown[]) => {
      const body = bodyOf(rest);
      for (const row of rows) {
        const given: unknown[] = Array.isArray(row) ? row : [row];
        add(titleOf(title, given), () => Reflect.apply(body, undefined, given));
      }
    };
  const api = {
    describe: Object.assign(describe, { each: each(describe) }),
    test: Object.assign(test, { each: each(test) }),
    expect: createExpect(),
    beforeAll: (hook: Hook) => current.before.push(hook),
    afterEach: (hook: Hook) => current.after.push(hook),
  };
  return { api, tests };
}

/** The function among what follows a title: options may stand before it, a time limit behind it. */
function bodyOf(given: readonly unknown[]): Body {
  const body = given.find((each) => typeof each === 'function');
  if (body === undefined) throw new TypeError('test: expected a function, got none');
  return body as Body;
}

function suiteOf(name: string, parent: Suite | undefined): Suite {
  return { name, parent, before: [], after: [], isOpen: false };
}

function chainOf(suite: Suite): Suite[] {
  return suite.parent === undefined ? [suite] : [...chainOf(suite.parent), suite];
}

function titleOf(title: string, given: readonly unknown[]): string {
  const count = title.match(/%[a-z]/g)?.length ?? 0;
  return format(title, ...given.slice(0, count));
}

async function inTurn(hooks: readonly Hook[]): Promise<void> {
  for (const hook of hooks) await hook();
}

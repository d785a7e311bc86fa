// Every symbol of the package's entries says what it is: a docstring stands above its declaration.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const entries = Object.values<unknown>(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports)
  .map((entry) => /"\.\/dist\/([^"]*)\.js"/.exec(JSON.stringify(entry))?.[1])
  .filter((path) => path !== undefined)
  .map((path) => `${path}.ts`);

interface Declaration {
  readonly name: string;
  readonly path: string;
}

/** What a file exports, by the files that declare it; `wanted` undefined for all of it. */
function declarationsOf(path: string, wanted?: ReadonlySet<string>): Declaration[] {
  const text = readFileSync(path, 'utf8');
  const isWanted = (name: string) => wanted === undefined || wanted.has(name);
  const own = [...text.matchAll(/^export (?:async )?(?:interface|type|const|function|class) (\w+)/gm)]
    .map(([, name]) => name)
    .filter(isWanted)
    .map((name) => ({ name, path }));
  const passed = [...text.matchAll(/^export (?:type )?(?:\*|\{([^}]*)\}) from '(\.[^']*)';/gm)].flatMap(
    ([, list, from]) => {
      const target = join(dirname(path), from);
      if (list === undefined) return declarationsOf(target, wanted);
      const names = list.split(',').map(
        (name) =>
          name
            .trim()
            .replace(/^type /, '')
            .split(' as ')[0],
      );
      return declarationsOf(target, new Set(names.filter((name) => name !== '' && isWanted(name))));
    },
  );
  return [...own, ...passed];
}

test.each(entries)('%s: every public symbol has a docstring', (entry) => {
  const found = declarationsOf(join(root, entry));
  const bare = found.filter(({ name, path }) => {
    const pattern = `\\*/\\nexport (?:async )?(?:interface|type|const|function|class) ${name}\\b`;
    return !new RegExp(pattern).test(readFileSync(path, 'utf8'));
  });
  expect(found.length).toBeGreaterThan(0);
  expect(bare.map(({ name, path }) => `${path.slice(root.length + 1)}: ${name}`)).toEqual([]);
});

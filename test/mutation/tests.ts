// The tests that mutants are run against: of numbers alone, since they share a process with the runner.
import { readdirSync } from 'node:fs';
import { posix } from 'node:path';

const rooms = ['test/measures', 'test/bisimulation', 'test/planning', 'test/evaluation/witness'];

/** Of all rooms, or MUTATION_TESTS=test/measures/bound,... of those folders and files alone, where they are known to suffice. */
export function testFiles(): readonly string[] {
  return (process.env.MUTATION_TESTS?.split(',') ?? rooms).flatMap((path) =>
    path.endsWith('.ts') ? [path] : filesBelow(path),
  );
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      // A schema is compared with a file, and computes nothing.
      const isLeftOut = path.endsWith('.slow.test.ts') || path.endsWith('/schema.test.ts');
      return path.endsWith('.test.ts') && !isLeftOut ? [path] : [];
    });
}

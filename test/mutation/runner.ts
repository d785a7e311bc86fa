// Stryker's runner of tests for code that holds nothing but numbers: every test file and what it imports is one script, which is
// evaluated anew for each mutant in this process, and of which only the tests run that reach the mutant, the quickest first, until
// one fails. Starting a worker and loading its modules would take a hundred times as long as most of these tests do.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { Script } from 'node:vm';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import type {
  DryRunResult,
  MutantRunOptions,
  MutantRunResult,
  TestResult,
  TestRunner,
} from '@stryker-mutator/api/test-runner';
import { DryRunStatus, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';
import { build } from 'esbuild';
import { type CollectedTest, createCollector } from './collect.ts';
import { testFiles } from './tests.ts';

/** What the instrumented code reads and counts in. */
interface Instrumentation {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: { static: Record<string, number>; perTest: Record<string, Record<string, number>> };
}

/** Evaluates a test file: `vitest` and packages by `load`, its folder as `folder`. */
type Evaluate = (load: (name: string) => unknown, module: object, folder: string) => void;

/** Where a process that takes the place of one that hung finds how long tests take: in Stryker's copy of the tree. */
const DURATIONS = 'mutation-durations.json';

/** Tests that take longer (of processor time, so that a busy machine is no matter) are not run against mutants: hours in all. */
const LONG_MS = 2000;

/** A test has hung when it takes so many times as long as without a mutant, and a second. */
const HUNG_FACTOR = 4;
const HUNG_MS = 1000;

class ScriptTestRunner implements TestRunner {
  private readonly scripts = new Map<string, Evaluate>();
  private durations: Record<string, number> = {};

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init(): Promise<void> {
    const setup = 'test/setup/property.ts';
    const { outputFiles } = await build({
      entryPoints: [setup, ...testFiles()],
      absWorkingDir: process.cwd(),
      outdir: 'scripts',
      outbase: '.',
      write: false,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'cjs',
      define: { 'import.meta.dirname': '__folder' },
      logLevel: 'error',
    });
    for (const { path, text } of outputFiles) {
      const file = path.slice(resolve('scripts').length + 1).replace(/\.js$/, '.ts');
      const script = new Script(`(function (require, module, __folder) {${text}\n})`, { filename: file });
      this.scripts.set(file.replaceAll('\\', '/'), (load, module, folder) =>
        Reflect.apply(script.runInThisContext(), undefined, [load, module, folder]),
      );
    }
    evaluate(this.scripts, setup);
    this.scripts.delete(setup);
    if (existsSync(DURATIONS)) this.durations = JSON.parse(readFileSync(DURATIONS, 'utf8'));
  }

  async dryRun(): Promise<DryRunResult> {
    const results: TestResult[] = [];
    const counts = instrumentation();
    counts.activeMutant = undefined;
    for (const file of this.scripts.keys()) {
      // What is reached while a file is loaded, constants among it, is reached for each of its tests.
      counts.currentTestId = file;
      const tests = evaluate(this.scripts, file);
      for (const test of tests) {
        const id = `${file}#${test.name}`;
        counts.currentTestId = id;
        const start = process.cpuUsage();
        const failureMessage = await failureOf(test, Number.POSITIVE_INFINITY);
        const { user, system } = process.cpuUsage(start);
        const timeSpentMs = (user + system) / 1000;
        if (timeSpentMs > LONG_MS) continue;
        this.durations[id] = timeSpentMs;
        const result = { id, name: test.name, fileName: resolve(file), timeSpentMs };
        results.push(
          failureMessage === undefined
            ? { ...result, status: TestStatus.Success }
            : { ...result, status: TestStatus.Failed, failureMessage },
        );
      }
    }
    counts.currentTestId = undefined;
    writeFileSync(DURATIONS, JSON.stringify(this.durations));
    const coverage = counts.mutantCoverage ?? { static: {}, perTest: {} };
    for (const { id } of results) {
      const whileLoaded = coverage.perTest[id.slice(0, id.indexOf('#'))] ?? {};
      coverage.perTest[id] = { ...whileLoaded, ...coverage.perTest[id] };
    }
    for (const file of this.scripts.keys()) delete coverage.perTest[file];
    return { status: DryRunStatus.Complete, tests: results, mutantCoverage: coverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }: MutantRunOptions): Promise<MutantRunResult> {
    const ids = testFilter ?? Object.keys(this.durations);
    const counts = instrumentation();
    counts.activeMutant = activeMutant.id;
    counts.hitCount = 0;
    counts.hitLimit = hitLimit;
    const loaded = new Map<string, readonly CollectedTest[]>();
    let nrOfTests = 0;
    for (const id of ids.toSorted((a, b) => this.durationOf(a) - this.durationOf(b))) {
      const at = id.indexOf('#');
      const file = id.slice(0, at);
      nrOfTests++;
      let failureMessage: string | undefined;
      try {
        const tests = loaded.get(file) ?? evaluate(this.scripts, file);
        loaded.set(file, tests);
        const test = tests.find(({ name }) => name === id.slice(at + 1));
        // The mutant has given the test another name.
        if (test === undefined) failureMessage = 'the test is no more';
        else failureMessage = await failureOf(test, HUNG_MS + HUNG_FACTOR * this.durationOf(id));
      } catch (error) {
        failureMessage = String(error);
      }
      if (failureMessage === undefined) continue;
      const hasHung = failureMessage.includes('execution timed out') || (counts.hitCount ?? 0) > (hitLimit ?? Infinity);
      return hasHung
        ? { status: MutantRunStatus.Timeout, reason: id }
        : { status: MutantRunStatus.Killed, killedBy: [id], failureMessage, nrOfTests };
    }
    return { status: MutantRunStatus.Survived, nrOfTests };
  }

  private durationOf(id: string): number {
    return this.durations[id] ?? 0;
  }
}

function instrumentation(): Instrumentation {
  const known: unknown = Reflect.get(globalThis, '__stryker__');
  if (typeof known === 'object' && known !== null) return known;
  const fresh: Instrumentation = {};
  Reflect.set(globalThis, '__stryker__', fresh);
  return fresh;
}

const fromHere = createRequire(join(process.cwd(), 'package.json'));

function evaluate(scripts: ReadonlyMap<string, Evaluate>, file: string): readonly CollectedTest[] {
  const { api, tests } = createCollector();
  const script = scripts.get(file);
  if (script === undefined) throw new Error(`${file}: expected a test file`);
  script((name) => (name === 'vitest' ? api : fromHere(name)), { exports: {} }, resolve(dirname(file)));
  return tests;
}

const bounded = new Script('globalThis.__boundedCall()');

/** @returns why it failed, if it did. A loop without end is stopped after `limitMs`, where it waits for nothing. */
async function failureOf(test: CollectedTest, limitMs: number): Promise<string | undefined> {
  let failure: string | undefined;
  try {
    Reflect.set(globalThis, '__boundedCall', test.call);
    await bounded.runInThisContext(Number.isFinite(limitMs) ? { timeout: Math.ceil(limitMs) } : {});
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  try {
    await test.close();
  } catch (error) {
    failure ??= String(error);
  }
  return failure;
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'script', ScriptTestRunner)];

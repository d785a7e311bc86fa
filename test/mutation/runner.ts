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
import type * as FastCheck from 'fast-check';
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
const LONG_MS = Number(process.env.MUTATION_LONGEST_MS ?? 500);

/** Nor is it waited for so many times that long, by the clock, to learn that they are. */
const ENDLESS_FACTOR = 20;

/** A test has hung when it takes so many times the processor time that it and its file take without a mutant, and a quarter of a second. */
const HUNG_FACTOR = 4;
const HUNG_MS = 250;

/** The time of the clock that a test is given for its processor time: more where a test before has got little of the processor. */
const PATIENCE_FACTOR = 1.2;
const MOST_PATIENCE_FACTOR = 20;

class ScriptTestRunner implements TestRunner {
  private readonly scripts = new Map<string, Evaluate>();
  private durations: Record<string, number> = {};
  private patienceFactor = PATIENCE_FACTOR;

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
      const startOfFile = processorMs();
      const tests = evaluate(this.scripts, file);
      this.durations[file] = processorMs() - startOfFile;
      for (const test of tests) {
        const id = `${file}#${test.name}`;
        counts.currentTestId = id;
        const start = processorMs();
        const failure = await failureOf(test, ENDLESS_FACTOR * LONG_MS);
        const timeSpentMs = processorMs() - start;
        if (timeSpentMs > LONG_MS || failure?.hasHung) continue;
        this.durations[id] = timeSpentMs;
        const result = { id, name: test.name, fileName: resolve(file), timeSpentMs };
        results.push(
          failure === undefined
            ? { ...result, status: TestStatus.Success }
            : { ...result, status: TestStatus.Failed, failureMessage: failure.message },
        );
      }
    }
    counts.currentTestId = undefined;
    writeFileSync(DURATIONS, JSON.stringify(this.durations));
    const reached = counts.mutantCoverage ?? { static: {}, perTest: {} };
    const perTest = Object.fromEntries(
      results.map(({ id }) => [id, { ...reached.perTest[id.slice(0, id.indexOf('#'))], ...reached.perTest[id] }]),
    );
    return { status: DryRunStatus.Complete, tests: results, mutantCoverage: { static: reached.static, perTest } };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }: MutantRunOptions): Promise<MutantRunResult> {
    const ids = testFilter ?? Object.keys(this.durations).filter((id) => id.includes('#'));
    const counts = instrumentation();
    counts.activeMutant = activeMutant.id;
    counts.hitCount = 0;
    counts.hitLimit = hitLimit;
    const loaded = new Map<string, readonly CollectedTest[]>();
    let nrOfTests = 0;
    const durationOf = (id: string) => this.durationOf(id) + this.durationOf(id.slice(0, id.indexOf('#')));
    for (const id of ids.toSorted((a, b) => durationOf(a) - durationOf(b))) {
      nrOfTests++;
      const failure = await this.failureUnderMutant(id, loaded);
      if (failure === undefined) continue;
      if (failure.hasHung || (counts.hitCount ?? 0) > (hitLimit ?? Number.POSITIVE_INFINITY))
        return { status: MutantRunStatus.Timeout, reason: id };
      return { status: MutantRunStatus.Killed, killedBy: [id], failureMessage: failure.message, nrOfTests };
    }
    return { status: MutantRunStatus.Survived, nrOfTests };
  }

  private async failureUnderMutant(
    id: string,
    loaded: Map<string, readonly CollectedTest[]>,
  ): Promise<Failure | undefined> {
    const at = id.indexOf('#');
    const file = id.slice(0, at);
    const limit = HUNG_MS + HUNG_FACTOR * (this.durationOf(id) + (loaded.has(file) ? 0 : this.durationOf(file)));
    for (;;) {
      const patience = this.patienceFactor * limit;
      const [start, startOfClock] = [processorMs(), performance.now()];
      let failure: Failure | undefined;
      try {
        const tests = loaded.get(file) ?? (await within(patience, () => evaluate(this.scripts, file)));
        loaded.set(file, tests);
        const test = tests.find(({ name }) => name === id.slice(at + 1));
        // Without it the mutant has given the test another name.
        failure = test ? await failureOf(test, patience) : { message: 'there is no such test', hasHung: false };
      } catch (error) {
        failure = failureBy(error);
      }
      if (!failure?.hasHung) return failure;
      const used = processorMs() - start;
      const share = used / (performance.now() - startOfClock);
      this.patienceFactor = Math.min(MOST_PATIENCE_FACTOR, PATIENCE_FACTOR * Math.max(1, 1 / share));
      if (used >= limit) return failure;
      loaded.delete(file);
    }
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

/** Cases of a property: the thousands that a property is otherwise tried on would make it too long a test for each of thousands of mutants. */
const PROPERTY_RUNS = Number(process.env.MUTATION_PROPERTY_RUNS ?? 50);

/** What a script asks for: of fast-check one whose properties end after a few cases, and with the first that fails. */
function load(name: string): unknown {
  const module = fromHere(name);
  if (name !== 'fast-check') return module;
  const assert: typeof FastCheck.assert = (property, given = {}) => {
    const numRuns = Math.min(PROPERTY_RUNS, given.numRuns ?? PROPERTY_RUNS);
    return module.assert(property, { ...given, numRuns, endOnFailure: true });
  };
  return { ...module, assert, default: { ...module.default, assert } };
}

function evaluate(scripts: ReadonlyMap<string, Evaluate>, file: string): readonly CollectedTest[] {
  const { api, tests } = createCollector();
  const script = scripts.get(file);
  if (script === undefined) throw new Error(`${file}: expected a test file`);
  script((name) => (name === 'vitest' ? api : load(name)), { exports: {} }, resolve(dirname(file)));
  return tests;
}

interface Failure {
  readonly message: string;
  /** It was stopped, since it took too long. */
  readonly hasHung: boolean;
}

const bounded = new Script('globalThis.__boundedCall()');

/** What `call` gives. @throws where it has not returned after `limitMs` */
function within<Value>(limitMs: number, call: () => Value): Value {
  Reflect.set(globalThis, '__boundedCall', call);
  return bounded.runInThisContext(Number.isFinite(limitMs) ? { timeout: Math.ceil(limitMs) } : {});
}

/** @returns why it failed, if it did. A loop without end is stopped after `limitMs`, where it waits for nothing. */
async function failureOf(test: CollectedTest, limitMs: number): Promise<Failure | undefined> {
  let failure: Failure | undefined;
  try {
    await within(limitMs, test.call);
  } catch (error) {
    failure = failureBy(error);
  }
  try {
    await test.close();
  } catch (error) {
    failure ??= failureBy(error);
  }
  return failure;
}

function failureBy(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: String(error), hasHung: false };
  return { message: error.message, hasHung: 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' };
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'script', ScriptTestRunner)];

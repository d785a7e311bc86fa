// `jepa reproduce`: the rows of the paper's figure over seeds, exported and evaluated, in one report; or the runs of a claims
// file, and what they say of its claims.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { countingRows, type RowPlan } from '../../pipeline/reproduce/row.ts';
import { UsageError, unknownName } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import type { ClaimsFile } from '../../src/report/reproduction/claim/claims-file.ts';
import type { ClaimRun } from '../../src/report/reproduction/claim/results.ts';
import { collect, parseWhole } from '../parse/number.ts';
import { untilInterrupted } from '../resumable-work.ts';
import type { Terminal } from '../terminal.ts';
import { noteTo } from '../text/option.ts';

interface ReproduceFlags {
  readonly out?: string;
  readonly seeds: number;
  readonly preset: string;
  readonly jobs?: number;
  readonly rows?: string;
  readonly set: readonly string[];
  readonly plan?: boolean;
  readonly judge?: boolean;
  readonly arms?: string;
  readonly story?: boolean;
  readonly threads: number;
  readonly json?: boolean;
}

const CLAIMS_FILE = /\.(ya?ml|json)$/;

const rowIds = countingRows.map((row) => row.id);

export function createReproduceCommand(terminal: Terminal): Command {
  return new Command('reproduce')
    .description(
      "run the rows of the paper's figure, or the runs of a claims file, over seeds, and judge them; resumes",
    )
    .argument('<environment|claims-file>', 'counting, or a claims file (reproductions/counting.yaml)')
    .option('--seeds <number>', 'seeds a row, from 100 on; fewer than six decide nothing', parseWhole('--seeds', 1), 6)
    .option('--preset <name>', 'small or paper', 'small')
    .option('--jobs <number>', 'runs side by side (default: all cores)', parseWhole('--jobs', 1))
    .option('--rows <names>', `comma-separated: ${rowIds.join(', ')} (default: all)`)
    .option('--out <folder>', 'folder of all runs (default: runs/reproduce-ENVIRONMENT-PRESET)')
    .option('--set <key=value>', 'one configuration key of every run; repeatable', collect, [])
    .option('--plan', 'of the figure: write the plan of its sweep alone, which any engine runs (jepa launch --help)')
    .option('--judge', 'of a claims file: run nothing, judge by the results that are there')
    .option('--arms <names>', 'of a claims file: comma-separated arms to run (default: all)')
    .option(
      '--story',
      'of a claims file: one training of each arm of the figure, as a page that tells them step by step',
    )
    .option('--threads <number>', 'threads of a run', parseWhole('--threads', 1), 1)
    .option('--json', 'print the report as JSON')
    .action((environment, flags) => runReproduce(terminal, environment, flags));
}

/** @throws UsageError for an option of the other kind: it would be ignored */
function refuseOthers(subject: string, isClaimsFile: boolean, flags: ReproduceFlags): void {
  const others = isClaimsFile ? (['plan', 'rows', 'set', 'jobs'] as const) : (['judge', 'arms', 'story'] as const);
  const given = others.find((name) => flags[name] !== undefined && String(flags[name]) !== '');
  if (given !== undefined)
    throw new UsageError(
      `--${given}: expected ${isClaimsFile ? 'an environment of the paper' : 'a claims file'}, got ${subject}`,
      { remedy: isClaimsFile ? 'A claims file says itself what is run.' : 'For example reproductions/counting.yaml.' },
    );
}

async function runReproduce(terminal: Terminal, environment: string, flags: ReproduceFlags): Promise<void> {
  refuseOthers(environment, CLAIMS_FILE.test(environment), flags);
  if (CLAIMS_FILE.test(environment)) return judgeClaims(terminal, environment, flags);
  if (environment !== 'counting')
    throw unknownName('reproduce', 'an environment of the paper', environment, ['counting']);
  const { presetNames } = await import('../../src/training/presets.ts');
  if (!presetNames.includes(flags.preset)) throw unknownName('--preset', 'a preset', flags.preset, presetNames);
  const { parseAssignment } = await import('../../src/training/presets.ts');
  const { planReproduction, runReproduction } = await import('../../pipeline/reproduce/figure.ts');
  const plans = chooseRows(flags.rows);
  const folder = flags.out ?? join('runs', `reproduce-${environment}-${flags.preset}`);
  const planned = {
    ...{ folder, environment, preset: flags.preset, seeds: flags.seeds, threads: flags.threads },
    set: Object.fromEntries(flags.set.map(parseAssignment).map(({ key, value }) => [key, value])),
    onNote: noteTo(terminal.stderr),
  };
  if (flags.plan) {
    const { units } = await planReproduction(planned);
    terminal.stdout.write(
      `${folder}: planned, ${units.length} runs\nRun them: jepa launch slurm ${folder}, or jepa sweep run ${folder}; then the same command without --plan makes the figure\n`,
    );
    return;
  }
  const jobs = flags.jobs ?? availableParallelism();
  const made = await untilInterrupted(terminal, (signal) => runReproduction(plans, { ...planned, jobs, signal }));
  if (made === undefined) return;
  const { rows, minutes } = made;
  const { reproductionReport } = await import('../../src/report/reproduction/report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const { writeFileAtomic } = await import('../../src/storage/atomic-file.ts');
  const report = reproductionReport(rows, {
    environment,
    preset: flags.preset,
    generator: `jepa-onnx ${packageVersion()}`,
    ...(minutes === undefined ? {} : { effort: { minutes, jobs } }),
    command: [
      'jepa reproduce',
      environment,
      '--preset',
      flags.preset,
      '--seeds',
      flags.seeds,
      ...(flags.rows === undefined ? [] : ['--rows', flags.rows]),
      ...flags.set.flatMap((assignment) => ['--set', assignment]),
    ].join(' '),
  });
  // Not report.html, which is what `jepa sweep collect` says of the same runs.
  const page = join(folder, 'figure.html');
  writeFileAtomic(page, await renderReport(report));
  writeFileAtomic(join(folder, 'figure.json'), formatJson(report));
  if (flags.json) terminal.stdout.write(formatJson(report));
  else terminal.stdout.write(`${report.answer.sentences.join('\n')}\n\nReport: ${page}\n`);
}

/** Runs what a claims file asks for, unless it is only to be judged, and prints what the results say. */
async function judgeClaims(terminal: Terminal, path: string, flags: ReproduceFlags): Promise<void> {
  const { readClaimsFile } = await import('../parse/claims-file.ts');
  const { readClaimRuns, runClaims } = await import('../../pipeline/reproduce/claims-run.ts');
  const { judgeClaimsFile } = await import('../../src/report/reproduction/claim/judge.ts');
  const { renderClaims } = await import('../text/claims.ts');
  const claims = readClaimsFile(path);
  const folder = flags.out ?? join('runs', `claims-${basename(path).replace(CLAIMS_FILE, '')}`);
  const results = join(folder, 'results.jsonl');
  const arms = flags.arms?.split(',').map((name) => name.trim());
  const known = Object.keys(claims.arms);
  for (const name of arms ?? []) if (!known.includes(name)) throw unknownName('--arms', 'an arm', name, known);
  let runs = readClaimRuns(results, claims);
  const command = `jepa reproduce ${path}${flags.arms === undefined ? '' : ` --arms ${flags.arms}`}`;
  if (flags.story) return tellStory(terminal, claims, { folder, arms, runs, threads: flags.threads, command });
  if (!flags.judge) {
    const made = await untilInterrupted(terminal, async (signal) => {
      const { threads } = flags;
      const done = await runClaims(claims, { results, threads, arms, onNote: noteTo(terminal.stderr), signal });
      if (done.isInterrupted) signal.throwIfAborted();
      return done.runs;
    });
    if (made === undefined) return;
    runs = [...made];
  }
  const judged = judgeClaimsFile(claims, runs);
  const { claimsReport } = await import('../../src/report/reproduction/claim/report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const { writeFileAtomic } = await import('../../src/storage/atomic-file.ts');
  const report = claimsReport(claims, judged, runs, { generator: `jepa-onnx ${packageVersion()}`, command });
  if (existsSync(folder)) {
    writeFileAtomic(join(folder, 'report.html'), await renderReport(report));
    noteTo(terminal.stderr)(`report: ${join(folder, 'report.html')}`);
  }
  if (flags.json) terminal.stdout.write(formatJson({ claims: judged, runs }));
  else terminal.stdout.write(renderClaims(claims, judged, runs));
}

interface StoryChoice {
  readonly folder: string;
  readonly arms: readonly string[] | undefined;
  readonly runs: readonly ClaimRun[];
  readonly threads: number;
  readonly command: string;
}

/** Of the panels of the figure, in the order of its story. */
const STORY_ARMS = ['dynamics-only', 'random-projection', 'joint', 'reward-only'];

/** Trains each arm once, on a seed that judges nothing where there is one, and writes the page. */
async function tellStory(terminal: Terminal, claims: ClaimsFile, choice: StoryChoice): Promise<void> {
  const { folder, runs, threads, command } = choice;
  const arms = choice.arms ?? STORY_ARMS.filter((arm) => Object.hasOwn(claims.arms, arm));
  if (claims.environment !== 'counting' || arms.length === 0)
    throw new UsageError(
      `--story: expected claims of counting with arms of its figure (${STORY_ARMS.join(', ')}), got ${claims.environment} with ${Object.keys(claims.arms).join(', ')}`,
    );
  const { recordStory } = await import('../../pipeline/reproduce/story.ts');
  const { renderStory } = await import('../../src/report/story/page.ts');
  const { judgeClaimsFile } = await import('../../src/report/reproduction/claim/judge.ts');
  const { writeFileAtomic } = await import('../../src/storage/atomic-file.ts');
  const story = await untilInterrupted(terminal, (signal) =>
    recordStory(claims, {
      folder: join(folder, 'story'),
      arms,
      seed: claims.seeds.tuning[0] ?? claims.seeds.judging[0],
      threads,
      onNote: noteTo(terminal.stderr),
      signal,
    }),
  );
  if (story === undefined) return;
  const page = join(folder, 'story.html');
  const judged = { claims: judgeClaimsFile(claims, runs), runs: runs.length };
  writeFileAtomic(
    page,
    renderStory(story, { generator: `jepa-onnx ${packageVersion()}`, command: `${command} --story`, judged }),
  );
  terminal.stdout.write(`Story: ${page}\n`);
}

function chooseRows(text: string | undefined): readonly RowPlan[] {
  if (text === undefined) return countingRows;
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) if (!rowIds.includes(name)) throw unknownName('--rows', 'a row', name, rowIds);
  return countingRows.filter((row) => names.includes(row.id));
}

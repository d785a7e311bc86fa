// A step of an evaluation in shards: one shard of a pass, or the merge of a pass. What an engine runs, again where it dies.
import type { PlannedEvaluation } from '../pipeline/stream/run.ts';
import type { EncoderEvaluationRecord } from '../src/evaluation/schema/evaluation.ts';
import type { ShardStep } from './parse/shard.ts';
import { EXIT_TRY_AGAIN, type Terminal } from './terminal.ts';
import { noteTo } from './text/option.ts';

/** @returns the record, after the last merge */
export async function runStep(
  terminal: Terminal,
  step: Exclude<ShardStep, { do: 'plan' }>,
  { report }: { readonly report: boolean },
): Promise<EncoderEvaluationRecord | undefined> {
  const { runEvaluationShard, mergeEvaluation } = await import('../pipeline/stream/run.ts');
  const { folder, pass } = step;
  const telling = { onProgress: noteTo(terminal.stderr), onNote: noteTo(terminal.stderr), report };
  if (step.do === 'merge') {
    const record = await mergeEvaluation(folder, pass, telling);
    if (record === undefined) terminal.stdout.write(`${folder}: pass ${pass} is merged\n`);
    return record;
  }
  const { index, of } = step.shard;
  const stopping = new AbortController();
  let exitCode = 0;
  const release = terminal.stopWhenInterrupted((code, signal) => {
    exitCode = signal === 'SIGINT' ? code : EXIT_TRY_AGAIN;
    terminal.stderr.write('jepa: stopping after this block\n');
    stopping.abort();
    return true;
  });
  try {
    const state = await runEvaluationShard(folder, pass, step.shard, { ...telling, signal: stopping.signal });
    terminal.stdout.write(`${folder}: shard ${index}/${of} of pass ${pass} ${state === 'done' ? 'is' : 'was'} done\n`);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    terminal.exitCode = exitCode;
    terminal.stderr.write(
      `jepa: interrupted; go on with: jepa evaluate --partial ${folder} --pass ${pass} --shard ${index}/${of}\n`,
    );
  } finally {
    release();
  }
  return undefined;
}

export function renderPlan({ folder, wasThere, ...plan }: PlannedEvaluation): string {
  const { rows, blocks, observations, centroidObservations, classes, size } = plan;
  return (
    `${folder}: ${wasThere ? 'the same plan as before' : 'planned'}, ${rows} rows in ${blocks} blocks, latents of ${size} numbers, ${classes} classes; ` +
    `${observations} observations are judged, ${centroidObservations} give the centroids\n` +
    `Run it: jepa launch slurm ${folder} --shards N; or for I from 0 to N-1, pass by pass:\n` +
    `  jepa evaluate --partial ${folder} --pass 1 --shard I/N, then jepa evaluate --merge ${folder} --pass 1; then --pass 2; then --pass 3\n`
  );
}

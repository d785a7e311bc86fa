// SLURM: one array of tasks a stage, each stage after the one before, and a job at its end where something has to be put together.
import type { LaunchPlan, LaunchStage } from './plan.ts';
import { quote } from './shell.ts';

export function slurmScript({
  folder,
  name,
  subject,
  task,
  stages,
  threads,
  command,
  arguments: given = [],
}: LaunchPlan): string {
  const jepa = command.map(quote).join(' ');
  const options = [`--cpus-per-task=${threads}`, ...given.map(quote)].join(' ');
  /** Stages whose tasks differ by number alone share a job. */
  const jobs = [...new Set(stages.map(commandLine))];
  const submissions = stages.map((stage, index) => {
    const { first, size, after, afterName } = stage;
    const waiting = index === 0 ? '' : '--dependency="afterok:$last" ';
    const job = jobs.indexOf(commandLine(stage));
    return (
      `last=$(${task}_job_${job} | sbatch --parsable --job-name=${name} ${waiting}--array=${first}-${first + size - 1} "\${tasks[@]}")\n` +
      `echo "${task}s ${first} to ${first + size - 1}: job $last"` +
      (after === undefined
        ? ''
        : `\nlast=$(sbatch --parsable --job-name=${name}-${afterName} --dependency="afterok:$last" --output="$folder/logs/slurm-${afterName}.log" ${given.map(quote).join(' ')} --wrap ${quote(`${jepa} ${after.map(quote).join(' ')}`)})\necho "${afterName}: job $last"`)
    );
  });
  return `#!/usr/bin/env bash
# Submits the ${subject} to SLURM; run it on a machine that has sbatch. What is done ends at once, so that it may be run again.
set -euo pipefail
folder=${quote(folder)}
mkdir -p "$folder/logs"
# The batch shell is asked to stop a minute before the time limit: what is done is kept, and the ${task} is put back.
tasks=(--requeue --open-mode=append --signal=B:TERM@60 --output="$folder/logs/slurm-%a.log" ${options})

${jobs.map((line, job) => `${task}_job_${job}() {\n${jobScript(`${jepa} ${line}`)}}\n`).join('\n')}
${submissions.join('\n')}
`;
}

function commandLine({ words, suffix }: LaunchStage): string {
  return `${words.map(quote).join(' ')} "$SLURM_ARRAY_TASK_ID"${suffix === '' ? '' : quote(suffix)}`;
}

function jobScript(line: string): string {
  return `  cat <<'JOB'
#!/usr/bin/env bash
${line} &
task=$!
trap 'kill -TERM "$task"' TERM
wait "$task"
code=$?
# A signal ends the waiting, not the task.
while kill -0 "$task" 2>/dev/null; do
  wait "$task"
  code=$?
done
# 75: it was stopped, or a living process has it: again. Anything else: up to three times.
if [ "$code" -eq 75 ] || { [ "$code" -ne 0 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt 3 ]; }; then
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" && sleep 60
fi
exit "$code"
JOB
`;
}

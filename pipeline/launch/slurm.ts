// SLURM: one array of units a rung, each rung after the one before, and a job that collects at the end.
import type { LaunchPlan } from './plan.ts';
import { quote } from './shell.ts';

export function slurmScript({
  folder,
  name,
  rungs,
  threads,
  command,
  arguments: given = [],
  allowCode,
}: LaunchPlan): string {
  const jepa = command.map(quote).join(' ');
  const code = allowCode ? ' --allow-code' : '';
  const options = [`--cpus-per-task=${threads}`, ...given.map(quote)].join(' ');
  const arrays = rungs.map(
    ({ first, size }, rung) =>
      `last=$(unit_job | sbatch --parsable --job-name=${name} ${rung === 0 ? '' : '--dependency="afterok:$last" '}--array=${first}-${first + size - 1} "\${units[@]}")\n` +
      `echo "units ${first} to ${first + size - 1}: job $last"`,
  );
  return `#!/usr/bin/env bash
# Submits the sweep to SLURM; run it on a machine that has sbatch. Units that are done end at once, so that it may be run again.
set -euo pipefail
folder=${quote(folder)}
mkdir -p "$folder/logs"
# The batch shell is asked to stop a minute before the time limit: the unit writes a checkpoint and is put back.
units=(--requeue --open-mode=append --signal=B:TERM@60 --output="$folder/logs/slurm-%a.log" ${options})

unit_job() {
  cat <<'JOB'
#!/usr/bin/env bash
${jepa} sweep run ${quote(folder)} --unit "$SLURM_ARRAY_TASK_ID"${code} &
unit=$!
trap 'kill -TERM "$unit"' TERM
wait "$unit"
code=$?
# A signal ends the waiting, not the unit.
while kill -0 "$unit" 2>/dev/null; do
  wait "$unit"
  code=$?
done
# 75: it was stopped, or a living process has it: again. Anything else: up to three times.
if [ "$code" -eq 75 ] || { [ "$code" -ne 0 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt 3 ]; }; then
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" && sleep 60
fi
exit "$code"
JOB
}

${arrays.join('\n')}
collect=$(sbatch --parsable --job-name=${name}-collect --dependency="afterok:$last" --output="$folder/logs/slurm-collect.log" ${given.map(quote).join(' ')} --wrap ${quote(`${jepa} sweep collect ${quote(folder)}`)})
echo "collect: job $collect"
`;
}

// Ray Core: a Ray task for every one of ours, which only starts the command line; results are files, not objects of Ray.
import type { LaunchPlan } from './plan.ts';

export function rayScript({
  folder,
  subject,
  task,
  stages,
  threads,
  command,
  arguments: given = [],
}: LaunchPlan): string {
  const words = (list: readonly string[]) => `[${list.map((word) => JSON.stringify(word)).join(', ')}]`;
  const rows = stages.map(
    ({ first, size, words: line, suffix, after }) =>
      `    (range(${first}, ${first + size}), ${words(line)}, ${JSON.stringify(suffix)}, ${after === undefined ? 'None' : words(after)}),`,
  );
  return `# Runs the ${subject} on Ray: pip install ray, then python3 this file. RAY_ADDRESS names a cluster; without, this machine is one.
# Every machine must see the folder. What is done ends at once, so that it may be run again.
import subprocess

import ray

FOLDER = ${JSON.stringify(folder)}
JEPA = ${words(command)}
# Numbers of the ${task}s that run side by side, their command line before and after the number, and what runs when all are done.
STAGES = [
${rows.join('\n')}
]
ARGUMENTS = ${words(given)}


# A worker that dies, and a ${task} that fails, are tried again.
@ray.remote(num_cpus=${threads}, max_retries=3, retry_exceptions=[subprocess.CalledProcessError])
def run(words, number, suffix):
    with open(f"{FOLDER}/logs/ray-{number}.log", "a") as log:
        command = [*JEPA, *words, f"{number}{suffix}", *ARGUMENTS]
        subprocess.run(command, stdout=log, stderr=log, check=True)
    return number


subprocess.run(["mkdir", "-p", f"{FOLDER}/logs"], check=True)
ray.init()
for numbers, words, suffix, then in STAGES:
    ray.get([run.remote(words, number, suffix) for number in numbers])
    if then is not None:
        subprocess.run([*JEPA, *then], check=True)
`;
}

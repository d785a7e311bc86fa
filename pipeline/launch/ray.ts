// Ray Core: a task a unit, which only starts the command line; results are files, not objects of Ray.
import type { LaunchPlan } from './plan.ts';

export function rayScript({ folder, rungs, threads, command, arguments: given = [], allowCode }: LaunchPlan): string {
  const words = (list: readonly string[]) => `[${list.map((word) => JSON.stringify(word)).join(', ')}]`;
  return `# Runs the sweep on Ray: pip install ray, then python3 this file. RAY_ADDRESS names a cluster; without, this machine is one.
# Every machine must see the sweep's folder. Units that are done end at once, so that it may be run again.
import subprocess

import ray

FOLDER = ${JSON.stringify(folder)}
JEPA = ${words(command)}
RUNGS = [${rungs.map(({ first, size }) => `range(${first}, ${first + size})`).join(', ')}]
ARGUMENTS = ${words([...(allowCode ? ['--allow-code'] : []), ...given])}


# A worker that dies, and a unit that fails, are tried again.
@ray.remote(num_cpus=${threads}, max_retries=3, retry_exceptions=[subprocess.CalledProcessError])
def run(unit):
    with open(f"{FOLDER}/logs/ray-{unit}.log", "a") as log:
        command = [*JEPA, "sweep", "run", FOLDER, "--unit", str(unit), *ARGUMENTS]
        subprocess.run(command, stdout=log, stderr=log, check=True)
    return unit


subprocess.run(["mkdir", "-p", f"{FOLDER}/logs"], check=True)
ray.init()
for rung in RUNGS:
    ray.get([run.remote(unit) for unit in rung])
subprocess.run([*JEPA, "sweep", "collect", FOLDER], check=True)
`;
}

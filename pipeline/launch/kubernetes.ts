// Kubernetes: an Indexed Job a rung. It has no order between jobs: later rungs are suspended until somebody resumes them.
import { stringify } from 'yaml';
import type { LaunchPlan } from './plan.ts';
import { quote } from './shell.ts';

const MOUNT = '/sweeps';

export function kubernetesManifest(plan: LaunchPlan): string {
  const {
    folder,
    name,
    rungs,
    threads,
    command,
    arguments: given = [],
    allowCode,
    image = 'node:24',
    claim = 'jepa',
  } = plan;
  const inside = `${MOUNT}/${folder.split('/').at(-1)}`;
  const code = allowCode ? ' --allow-code' : '';
  const jobs = rungs.map(({ first, size }, rung) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: rungs.length === 1 ? name : `${name}-rung-${rung}` },
    spec: {
      completionMode: 'Indexed',
      completions: size,
      parallelism: size,
      ...(rung === 0 ? {} : { suspend: true }),
      backoffLimitPerIndex: 3,
      maxFailedIndexes: size,
      podFailurePolicy: {
        rules: [
          // Stopped by an eviction, or a living process has the unit: that counts for nothing.
          { action: 'Ignore', onExitCodes: { operator: 'In', values: [75] } },
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        ],
      },
      template: {
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 120,
          containers: [
            {
              name: 'unit',
              image,
              command: ['sh', '-c'],
              args: [
                `exec ${command.map(quote).join(' ')} sweep run ${quote(inside)} --unit $((${first} + JOB_COMPLETION_INDEX))${code}${given.map((word) => ` ${quote(word)}`).join('')}`,
              ],
              resources: { requests: { cpu: String(threads), memory: '2Gi' } },
              volumeMounts: [{ name: 'sweeps', mountPath: MOUNT }],
            },
          ],
          volumes: [{ name: 'sweeps', persistentVolumeClaim: { claimName: claim } }],
        },
      },
    },
  }));
  const later =
    rungs.length === 1
      ? ''
      : `# Rungs wait for each other: when one is complete, resume the next: kubectl patch job NAME -p '{"spec":{"suspend":false}}'\n`;
  return `# Runs the sweep on Kubernetes 1.33 or newer: kubectl apply -f this file. The claim "${claim}" holds the folder ${folder.split('/').at(-1)} at its
# root, and may be mounted by many pods (ReadWriteMany); the image has Node.js and jepa-onnx, with \`jepa setup\` run in it.
# When all is complete, where the volume is: jepa sweep collect ${inside}
${later}${jobs.map((job) => stringify(job)).join('---\n')}`;
}

// Kubernetes: an Indexed Job a stage, and a plain one for what is put together after it. It has no order between jobs: later ones are
// suspended until somebody resumes them.
import { basename, dirname, posix } from 'node:path';
import { stringify } from 'yaml';
import type { LaunchPlan, LaunchStage } from './plan.ts';
import { quote } from './shell.ts';

/** Where a sweep's volume is mounted; an evaluation's is where it was when it was planned, since its plan has whole paths. */
const MOUNT = '/sweeps';

export function kubernetesManifest(plan: LaunchPlan): string {
  const { folder, name, subject, stages, claim = 'jepa' } = plan;
  const jobs = stages.flatMap((stage, index) => {
    const isLast = index === stages.length - 1;
    const kind = subject === 'sweep' ? `rung-${index}` : `pass-${index + 1}`;
    const stageName = stages.length === 1 ? name : `${name}-${kind}`;
    const own = job(plan, stageName, { stage, isFirst: index === 0 });
    // What only collects at the end may run anywhere, and is said below.
    if (stage.after === undefined || (isLast && subject === 'sweep')) return [own];
    return [own, job(plan, `${name}-${stage.afterName}`, { stage, isFirst: false, after: stage.after })];
  });
  const later =
    jobs.length === 1
      ? ''
      : `# Jobs wait for each other: when one is complete, resume the next: kubectl patch job NAME -p '{"spec":{"suspend":false}}'\n`;
  const needs =
    subject === 'sweep'
      ? `# Runs the sweep on Kubernetes 1.33 or newer: kubectl apply -f this file. The claim "${claim}" holds the folder ${basename(folder)} at its
# root, and may be mounted by many pods (ReadWriteMany); the image has Node.js and jepa-onnx, with \`jepa setup\` run in it.
# When all is complete, where the volume is: jepa sweep collect ${insideOf(plan)}
`
      : `# Runs the evaluation on Kubernetes 1.33 or newer: kubectl apply -f this file. The claim "${claim}" is mounted at ${mountOf(plan)}, with what is
# evaluated and the folder ${basename(folder)} where the plan says, and may be mounted by many pods (ReadWriteMany); the image has Node.js and
# jepa-onnx. When all is complete, ${insideOf(plan)} holds evaluation.json and report.html.
`;
  return `${needs}${later}${jobs.map((each) => stringify(each)).join('---\n')}`;
}

function mountOf({ subject, folder }: LaunchPlan): string {
  return subject === 'sweep' ? MOUNT : dirname(folder);
}

function insideOf(plan: LaunchPlan): string {
  return posix.join(mountOf(plan), basename(plan.folder));
}

interface JobOf {
  readonly stage: LaunchStage;
  readonly isFirst: boolean;
  /** Instead of the tasks of the stage: what runs after them. */
  readonly after?: readonly string[];
}

function job(plan: LaunchPlan, name: string, { stage, isFirst, after }: JobOf) {
  const { folder, threads, task, command, arguments: given = [], image = 'node:24', claim = 'jepa' } = plan;
  const { first, size, words, suffix } = stage;
  const line = (list: readonly string[]) =>
    [...command, ...list].map((word) => quote(word === folder ? insideOf(plan) : word)).join(' ');
  const number = `$((${first} + JOB_COMPLETION_INDEX))${suffix}`;
  const tail = given.map((word) => ` ${quote(word)}`).join('');
  const count = after === undefined ? size : 1;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      completionMode: 'Indexed',
      completions: count,
      parallelism: count,
      ...(isFirst ? {} : { suspend: true }),
      backoffLimitPerIndex: 3,
      maxFailedIndexes: count,
      podFailurePolicy: {
        rules: [
          // Stopped by an eviction, or a living process has it: that counts for nothing.
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
              name: task,
              image,
              command: ['sh', '-c'],
              args: [`exec ${after === undefined ? `${line(words)} ${number}${tail}` : line(after)}`],
              resources: { requests: { cpu: String(threads), memory: '2Gi' } },
              volumeMounts: [{ name: 'jepa', mountPath: mountOf(plan) }],
            },
          ],
          volumes: [{ name: 'jepa', persistentVolumeClaim: { claimName: claim } }],
        },
      },
    },
  };
}

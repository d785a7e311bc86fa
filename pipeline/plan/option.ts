// What a person writes after --set, --goal and --success of `jepa plan`.
import { UsageError } from '../../src/error.ts';

export type GoalText =
  | { readonly kind: 'reward' }
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'avoid'; readonly name: string }
  | { readonly kind: 'state'; readonly name: string }
  | { readonly kind: 'latent'; readonly path: string }
  | { readonly kind: 'observation'; readonly path: string }
  | { readonly kind: 'image'; readonly path: string };

export function parseGoal(text: string): GoalText {
  if (text === 'reward') return { kind: 'reward' };
  const [, kind, rest] = /^(column|avoid|state|latent|observation):(.+)$/s.exec(text) ?? [];
  switch (kind) {
    case 'column':
    case 'avoid':
    case 'state':
      return { kind, name: rest };
    case 'latent':
    case 'observation':
      return { kind, path: rest };
    default:
      return { kind: 'image', path: text };
  }
}

/** `threshold` undefined: the highest reward that was recorded, or the best of the random episodes. */
export type SuccessText =
  | { readonly kind: 'reward' | 'return'; readonly threshold: number | undefined }
  | { readonly kind: 'terminal' | 'no-terminal' }
  | { readonly kind: 'state'; readonly name: string };

export function parseSuccess(text: string): SuccessText {
  if (text === 'terminal' || text === 'no-terminal') return { kind: text };
  const [, kind, rest] = /^(reward|return|state)(?::(.+))?$/s.exec(text) ?? [];
  if (kind === 'state' && rest !== undefined) return { kind, name: rest };
  const threshold = rest === undefined ? undefined : Number(rest);
  if ((kind === 'reward' || kind === 'return') && (threshold === undefined || Number.isFinite(threshold)))
    return { kind, threshold };
  throw new UsageError(
    `--success: expected reward, reward:NUMBER, return, return:NUMBER, terminal, no-terminal or state:NAME, got "${text}"`,
  );
}

/** `elites=0.2` and the like; the planner checks names and bounds. */
export function parsePlannerAssignments(assignments: readonly string[]): Record<string, number> {
  const options: Record<string, number> = {};
  for (const text of assignments) {
    const [, key, value] = /^([a-z]+)=(.+)$/i.exec(text) ?? [];
    if (key === undefined || value.trim() === '' || !Number.isFinite(Number(value)))
      throw new UsageError(`--set: expected key=number, got "${text}"`, { remedy: 'For example: --set elites=0.2' });
    options[key] = Number(value);
  }
  return options;
}

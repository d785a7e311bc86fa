// What a person writes after --set, --goal and --success of `jepa plan`.
import type { Goal, SuccessRule } from '../../pipeline/plan/option.ts';
import { UsageError } from '../../src/error.ts';

export function parseGoal(text: string): Goal {
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

export function parseSuccess(text: string): SuccessRule {
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

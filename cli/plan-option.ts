// What a person writes after --set and --goal of `jepa plan`.
import { UsageError } from '../src/error.ts';

export type GoalText =
  | { readonly kind: 'reward' }
  | { readonly kind: 'state'; readonly name: string }
  | { readonly kind: 'latent'; readonly path: string }
  | { readonly kind: 'image'; readonly path: string };

export function parseGoal(text: string): GoalText {
  if (text === 'reward') return { kind: 'reward' };
  const [, kind, rest] = /^(state|latent):(.+)$/s.exec(text) ?? [];
  if (kind === 'state') return { kind, name: rest };
  if (kind === 'latent') return { kind, path: rest };
  return { kind: 'image', path: text };
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

// What a person writes after --fold of `jepa plan`.
import { unknownName } from '../../src/error.ts';
import type { Fold } from '../../src/planning/index.ts';

export async function parseFold(name: string): Promise<Fold> {
  const { foldNames } = await import('../../src/planning/index.ts');
  const fold = foldNames.find((each) => each === name);
  if (fold === undefined) throw unknownName('--fold', 'how scores are taken together', name, foldNames);
  return fold;
}

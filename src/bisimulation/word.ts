// Shortest distinguishing action words: after which actions the auxiliary values of two states differ.
import type { Bisimulation, SplittingTree } from './refinement.ts';

/**
 * A shortest word after which p differs, as action numbers; empty where p differs at once, undefined for bisimilar states.
 * The same two classes always get the same word.
 */
export function distinguishingWord(bisimulation: Bisimulation, first: number, second: number): number[] | undefined {
  const { classOf, tree } = bisimulation;
  if (classOf[first] === classOf[second]) return undefined;
  const word: number[] = [];
  let node = meetingNode(tree, tree.leafOfClass[classOf[first]], tree.leafOfClass[classOf[second]]);
  while (tree.continuation[node] >= 0) {
    word.push(tree.action[node]);
    node = tree.continuation[node];
  }
  return word;
}

/** [classes, classes]: lengths of the shortest distinguishing words; -1 on the diagonal. */
export function distinguishingLengths(bisimulation: Bisimulation): Int32Array {
  const { classCount, tree } = bisimulation;
  const lengths = new Int32Array(classCount * classCount).fill(-1);
  const classesBelow: number[][] = Array.from(tree.parent, () => []);
  tree.leafOfClass.forEach((leaf, index) => {
    classesBelow[leaf].push(index);
  });
  for (const [node, parent] of childrenFirst(tree)) {
    const own = classesBelow[node];
    const others = classesBelow[parent];
    for (const a of own)
      for (const b of others) lengths[a * classCount + b] = lengths[b * classCount + a] = tree.wordLength[parent];
    // The longer list takes the shorter one, which keeps copying at O(C log C).
    const [longer, shorter] = own.length > others.length ? [own, others] : [others, own];
    for (const index of shorter) longer.push(index);
    classesBelow[parent] = longer;
  }
  return lengths;
}

/** How many pairs of classes need words of each length, shortest first; at most one entry a length. */
export function wordLengthCounts({ tree }: Bisimulation): { readonly length: number; readonly pairs: number }[] {
  const classesBelow = new Float64Array(tree.parent.length);
  for (const leaf of tree.leafOfClass) classesBelow[leaf] = 1;
  // Pairs that meet in a node: all pairs below it less those that meet below a child.
  const pairsOf = (count: number) => (count * (count - 1)) / 2;
  const meetingBelow = new Float64Array(tree.parent.length);
  for (const [node, parent] of childrenFirst(tree)) {
    classesBelow[parent] += classesBelow[node];
    meetingBelow[parent] += pairsOf(classesBelow[node]);
  }
  const meeting = classesBelow.map((count, node) => pairsOf(count) - meetingBelow[node]);
  const counts = new Map<number, number>();
  meeting.forEach((pairs, node) => {
    if (pairs > 0) counts.set(tree.wordLength[node], (counts.get(tree.wordLength[node]) ?? 0) + pairs);
  });
  return [...counts].sort(([a], [b]) => a - b).map(([length, pairs]) => ({ length, pairs }));
}

/** All nodes but the root, each before its parent, which has a smaller number: every pair of classes meets once on the way up. */
function* childrenFirst({ parent }: SplittingTree): Generator<readonly [node: number, parent: number]> {
  for (let node = parent.length - 1; node > 0; node--) yield [node, parent[node]];
}

/** The lowest common ancestor: where the two were told apart. */
function meetingNode({ parent }: SplittingTree, first: number, second: number): number {
  let [lower, higher] = [first, second];
  while (lower !== higher) [lower, higher] = [Math.min(lower, higher), parent[Math.max(lower, higher)]];
  return lower;
}

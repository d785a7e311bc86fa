// Conditions and loops of TensorFlow 1, as they lie in the graph: a Merge takes what one of two branches gives, whose inputs
// went through Switches on one condition; a loop is a frame of Enter, Merge, Switch, Exit and NextIteration around LoopCond.
// (Yu et al., "Dynamic Control Flow in Large-Scale Machine Learning", EuroSys 2018, section 4.)
import { UnsupportedLayerError } from '../layers/converter.ts';
import { parseReference, type TensorFlowNode } from './node.ts';

const operations = new Set(['Switch', 'Merge', 'Enter', 'Exit', 'NextIteration', 'LoopCond']);

export const isControlFlow = ({ operation }: TensorFlowNode): boolean => operations.has(operation);

/** What a Merge chooses between. */
export interface Condition {
  /** The tensor that decides. */
  readonly decision: string;
  /** The tensors that the Merge takes where it is true, and where it is false. */
  readonly whenTrue: string;
  readonly whenFalse: string;
  /** Switches on the same decision that the branches begin with. */
  readonly switches: readonly TensorFlowNode[];
}

/** One variable of a loop. */
export interface LoopVariable {
  readonly merge: string;
  /** The tensor that it starts from. */
  readonly start: string;
  /** The tensor that it becomes. */
  readonly next: string;
  /** The Switch behind the Merge, and the Exits that give the last value. */
  readonly switches: readonly string[];
  readonly exits: readonly string[];
}

export interface Frame {
  readonly variables: readonly LoopVariable[];
  /** Enters of values that stay the same, with the tensor that enters. */
  readonly invariants: readonly { readonly enter: string; readonly tensor: string }[];
  /** The tensor that says whether the loop goes on. */
  readonly test: string;
}

export interface ControlFlow {
  /** The tensors around a condition or a loop that must be there before its Merge or Exit. */
  needs(node: TensorFlowNode): readonly string[];
  condition(merge: TensorFlowNode): Condition;
  frame(exit: TensorFlowNode): Frame;
}

type Nodes = ReadonlyMap<string, TensorFlowNode>;

const nodeOf = (tensor: string): string => parseReference(tensor).node;

export function describeControlFlow(nodes: Nodes): ControlFlow {
  const frames = new Map<string, Frame>();
  const frameNameOf = (exit: TensorFlowNode): string => {
    const merge = mergeBehind(nodes, exit);
    const enter = merge && enterOf(nodes, merge);
    if (enter === undefined) throw fault(exit, 'an Exit of a loop');
    return frameName(enter);
  };
  const frame = (exit: TensorFlowNode): Frame => {
    const name = frameNameOf(exit);
    const known = frames.get(name);
    if (known) return known;
    const made = describeFrame(nodes, name, exit);
    frames.set(name, made);
    return made;
  };
  const conditions = new Map<string, Condition>();
  const condition = (merge: TensorFlowNode): Condition => {
    const known = conditions.get(merge.name);
    if (known) return known;
    const made = describeCondition(nodes, merge);
    conditions.set(merge.name, made);
    return made;
  };
  return {
    condition,
    frame,
    needs: (node) => {
      if (node.operation === 'Exit') {
        const { variables, invariants } = frame(node);
        return [...variables.map(({ start }) => start), ...invariants.map(({ tensor }) => tensor)];
      }
      if (node.operation === 'Merge') {
        const { decision, switches } = condition(node);
        return [decision, ...switches.map(({ inputs }) => inputs[0])];
      }
      return node.inputs.slice(0, 1);
    },
  };
}

function fault(node: TensorFlowNode, expected: string): UnsupportedLayerError {
  return new UnsupportedLayerError(
    `node "${node.name}" (${node.operation}): expected ${expected}, got another use of control flow`,
    { remedy: 'Report this model if ONNX can express it.' },
  );
}

function frameName({ attributes }: TensorFlowNode): string {
  const attribute = attributes.frame_name;
  return attribute && 'text' in attribute ? attribute.text : '';
}

function enterOf(nodes: Nodes, merge: TensorFlowNode): TensorFlowNode | undefined {
  const inputs = merge.inputs.map((input) => nodes.get(nodeOf(input)));
  const isLoop = inputs.some((input) => input?.operation === 'NextIteration');
  return isLoop ? inputs.find((input) => input?.operation === 'Enter') : undefined;
}

/** Exit <- Switch <- Merge. */
function mergeBehind(nodes: Nodes, exit: TensorFlowNode): TensorFlowNode | undefined {
  const branch = nodes.get(nodeOf(exit.inputs[0]));
  const merge = branch?.operation === 'Switch' ? nodes.get(nodeOf(branch.inputs[0])) : undefined;
  return merge?.operation === 'Merge' ? merge : undefined;
}

function describeFrame(nodes: Nodes, name: string, exit: TensorFlowNode): Frame {
  const all = [...nodes.values()];
  const inFrame = (enter: TensorFlowNode | undefined): enter is TensorFlowNode =>
    enter !== undefined && frameName(enter) === name;
  let test: string | undefined;
  const variables = all.flatMap((merge): LoopVariable[] => {
    if (merge.operation !== 'Merge') return [];
    const enter = enterOf(nodes, merge);
    if (!inFrame(enter)) return [];
    const next = merge.inputs
      .map((input) => nodes.get(nodeOf(input)))
      .find((node) => node?.operation === 'NextIteration');
    const switches = all.filter((node) => node.operation === 'Switch' && nodeOf(node.inputs[0]) === merge.name);
    for (const branch of switches) {
      const loopCondition = nodes.get(nodeOf(branch.inputs[1]));
      if (loopCondition?.operation === 'LoopCond') test = loopCondition.inputs[0];
    }
    const names = switches.map((node) => node.name);
    const exits = all.filter((node) => node.operation === 'Exit' && names.includes(nodeOf(node.inputs[0])));
    return [
      {
        merge: merge.name,
        start: enter.inputs[0],
        next: next?.inputs[0] ?? '',
        switches: names,
        exits: exits.map((node) => node.name),
      },
    ];
  });
  if (test === undefined || variables.some(({ next }) => next === '')) throw fault(exit, 'a loop with a condition');
  const merged = new Set(
    all.filter(({ operation }) => operation === 'Merge').flatMap(({ inputs }) => inputs.map(nodeOf)),
  );
  const invariants = all
    .filter((node) => node.operation === 'Enter' && inFrame(node) && !merged.has(node.name))
    .map((node) => ({ enter: node.name, tensor: node.inputs[0] }));
  return { variables, invariants, test };
}

function describeCondition(nodes: Nodes, merge: TensorFlowNode): Condition {
  if (enterOf(nodes, merge) || merge.inputs.length !== 2) throw fault(merge, 'a choice between two branches');
  const sides = merge.inputs.map((input) => switchesBehind(nodes, input));
  // The decision of this Merge is on one way on the one side and on the other way on the other; decisions before it, or
  // inside a branch, are on both ways of a side or on the same way of both.
  const decisions = new Set(sides.flatMap((side) => [...side.keys()]));
  for (const decision of decisions) {
    const [left, right] = sides.map((side) => side.get(decision));
    const ways = [...(left?.ways ?? [])];
    const others = [...(right?.ways ?? [])];
    if (ways.length > 1 || others.length > 1 || ways[0] === others[0]) continue;
    const isLeftTrue = ways.length === 1 ? ways[0] === 1 : others[0] === 0;
    return {
      decision,
      whenTrue: merge.inputs[isLeftTrue ? 0 : 1],
      whenFalse: merge.inputs[isLeftTrue ? 1 : 0],
      switches: [...new Set([...(left?.switches ?? []), ...(right?.switches ?? [])])],
    };
  }
  throw fault(merge, 'branches that one Switch decides between');
}

interface Ways {
  /** 1 where the side takes what the Switch gives when the decision is true, 0 where false. */
  readonly ways: Set<number>;
  readonly switches: Set<TensorFlowNode>;
}

/** Every decision that a tensor depends on, through control inputs too: a branch may only be reached by them. */
function switchesBehind(nodes: Nodes, tensor: string): Map<string, Ways> {
  const found = new Map<string, Ways>();
  const seen = new Set<string>();
  const stack = [tensor];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node: name, output } = parseReference(next);
    const node = nodes.get(name);
    if (node === undefined) continue;
    if (node.operation === 'Switch' && nodes.get(nodeOf(node.inputs[1]))?.operation !== 'LoopCond') {
      const decision = plainDecision(nodes, node.inputs[1]);
      const entry = found.get(decision) ?? { ways: new Set(), switches: new Set() };
      entry.ways.add(output);
      entry.switches.add(node);
      found.set(decision, entry);
    }
    if (seen.has(name)) continue;
    seen.add(name);
    stack.push(...node.inputs);
  }
  return found;
}

/** The tensor that an Identity of it stands for: `cond/pred_id`. */
function plainDecision(nodes: Nodes, tensor: string): string {
  const node = nodes.get(nodeOf(tensor));
  return node?.operation === 'Identity' ? plainDecision(nodes, node.inputs[0]) : tensor.replace(/:0$/, '');
}

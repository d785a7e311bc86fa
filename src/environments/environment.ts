// The contract of a pixel environment with finitely many abstract states: a deterministic MDP on 0..stateCount-1, and a
// rendering of each state that also draws what the state does not say (shape, colour, position, noise).
import type { Random } from '../random.ts';

/** What one episode keeps fixed and the state does not say (a shape, a colour, a layout). Opaque to the callers. */
export type Appearance = Readonly<Record<string, number>>;

export interface Environment {
  readonly name: string;
  /** One line for `--help` and reports. */
  readonly description: string;
  /** H, W, C of an observation; pixels are uint8 in 0..255, row-major HWC. */
  readonly observationShape: readonly [height: number, width: number, channels: number];
  readonly actionNames: readonly string[];
  readonly stateCount: number;
  stateName(state: number): string;
  /** f on abstract states. */
  next(state: number, action: number): number;
  /** The reward of an observation of this state. */
  reward(state: number): number;
  /** True where the reward is 0 or 1 everywhere, so that cross-entropy applies. */
  readonly hasBinaryReward: boolean;
  drawAppearance(random: Random): Appearance;
  /** Draws one observation of `state` into `pixels` (H*W*C bytes); everything not fixed by the appearance is drawn anew. */
  render(state: number, appearance: Appearance, random: Random, pixels: Uint8Array): void;
}

// What every engine is told: which units there are, and how one is started.

/** What may be said of a launch. */
export interface LaunchOptions {
  /** Words that start the command line on the engine's machines. */
  readonly command: readonly string[];
  /** Handed on to the engine as they are. Default: none. */
  readonly arguments?: readonly string[] | undefined;
  /** Of kubernetes: the container. Default: node:24 */
  readonly image?: string | undefined;
  /** Of kubernetes: the claim of the volume that holds the sweep. Default: jepa */
  readonly claim?: string | undefined;
  /** Whether units may run the code that their configuration names. Default: false. */
  readonly allowCode?: boolean | undefined;
}

/** What an engine is to run: units by number, in rungs that wait for each other. */
export interface LaunchPlan extends LaunchOptions {
  /** Whole path, the same on every machine. */
  readonly folder: string;
  /** Lower-case letters, digits and dashes, as engines name jobs. */
  readonly name: string;
  readonly rungs: readonly { readonly first: number; readonly size: number }[];
  /** Threads of a unit. */
  readonly threads: number;
}

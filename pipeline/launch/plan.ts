// What every engine is told: which tasks there are, in which order, and how one is started.

/** What may be said of a launch. */
export interface LaunchOptions {
  /** Words that start the command line on the engine's machines. */
  readonly command: readonly string[];
  /** Handed on to the engine as they are. Default: none. */
  readonly arguments?: readonly string[] | undefined;
  /** Of kubernetes: the container. Default: node:24 */
  readonly image?: string | undefined;
  /** Of kubernetes: the claim of the volume that holds the folder. Default: jepa */
  readonly claim?: string | undefined;
  /** Of a sweep: whether units may run the code that their configuration names. Default: false. */
  readonly allowCode?: boolean | undefined;
  /** Of an evaluation: in how many shards each pass is run. */
  readonly shards?: number | undefined;
}

/** Tasks that run side by side, in any order, each as often as it has to. */
export interface LaunchStage {
  /** The number of the first task, and how many there are. */
  readonly first: number;
  readonly size: number;
  /** Words of a task's command line; its number stands after the last one, with `suffix` behind it. */
  readonly words: readonly string[];
  readonly suffix: string;
  /** Words of a command that runs once when all tasks of the stage are done. */
  readonly after?: readonly string[] | undefined;
  /** What `after` is called among jobs. */
  readonly afterName?: string | undefined;
}

/** What an engine is to run: stages that wait for each other. */
export interface LaunchPlan extends LaunchOptions {
  /** Whole path, the same on every machine. */
  readonly folder: string;
  /** Lower-case letters, digits and dashes, as engines name jobs. */
  readonly name: string;
  /** What is run, and what one task is called. */
  readonly subject: 'sweep' | 'evaluation';
  readonly task: 'unit' | 'shard';
  readonly stages: readonly LaunchStage[];
  /** Threads of a task. */
  readonly threads: number;
}

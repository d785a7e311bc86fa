// How a simulator is opened.

export interface SimulatorOptions {
  /** For `createSimulator` of a module, or for `gymnasium.make`. */
  readonly simulatorOptions?: Readonly<Record<string, unknown>>;
  /** Of Gymnasium: observe what `render` draws. Default false. */
  readonly render?: boolean | undefined;
  /** Of Gymnasium: the program. Default: JEPA_PYTHON, or `python3`. */
  readonly python?: string | undefined;
  /** Of Gymnasium: environments that are stepped together. */
  readonly lanes?: number | undefined;
  /** Of Gymnasium: how long Python may take for one answer. */
  readonly limitMs?: number | undefined;
}

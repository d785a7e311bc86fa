// What a command tells the commands that it starts in processes of their own.

/** Set for children that shall stop when their standard input ends. */
export const LAUNCHER_VARIABLE = 'JEPA_STOP_AT_END_OF_INPUT';
